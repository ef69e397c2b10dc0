//! Credentials, which never show themselves, and why there are none.

use crate::prelude::*;
use core::fmt;

/// How long before their end credentials are refreshed. Source: the AWS SDKs' common rules on refreshing.
const REFRESH_BEFORE_S: u64 = 300;
/// The codes of errors that say that credentials have ended before their time. Source: version 1 of the AWS SDK for Go,
/// which asks for new ones then.
const ENDED_CODES: [&str; 3] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired"];
/// How soon they are asked for again at the earliest: the clock may be wrong, or the source be about to rotate them.
const REFRESH_AFTER_S: u64 = 60;

/// What requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The public half of the key.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
    /// The token of a session.
    pub session_token: Option<String>,
    /// When they end, in seconds since 1970 UTC; `None` when they do not.
    pub expires_s: Option<u64>,
    /// Whether they, or those they were had with, came from the instance metadata service.
    pub from_metadata: bool,
}

impl Credentials {
    /// Keys of a user that never end, still empty.
    pub(super) fn none() -> Self {
        Self {
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: None,
            expires_s: None,
            from_metadata: false,
        }
    }

    /// When they are to be refreshed, if fetched at `now_s`. Ones that seem to have ended already are used
    /// all the same: an instance may be given such, and the clock of a booting machine may be wrong.
    pub fn refresh_at_s(&self, now_s: u64) -> Option<u64> {
        self.expires_s.map(|expires_s| expires_s.saturating_sub(REFRESH_BEFORE_S).max(now_s + REFRESH_AFTER_S))
    }

    /// All that must not be shown.
    pub fn secrets(&self) -> [&str; 3] {
        [&self.access_key_id, &self.secret_access_key, self.session_token.as_deref().unwrap_or_default()]
    }
}

/// Whether the code of a service's error says that the credentials have ended.
#[must_use]
pub fn have_ended(code: &str) -> bool {
    ENDED_CODES.contains(&code)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials(hidden, end at {:?})", self.expires_s)
    }
}

/// What a source gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Credentials(Credentials),
    /// It is not set up, for this reason; the next is looked at.
    Nothing(String),
}

/// A source that gave nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The source.
    pub source: String,
    /// Why it gave nothing.
    pub why: String,
}

/// Why there are no credentials. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// Every source that was looked at, in order. The last one may be set up and fail; then none behind it was tried.
    pub tried: Vec<Tried>,
    /// What to do about it, when that is known.
    pub hint: Option<String>,
    /// Whether it may pass by itself, as on a machine that has just booted: no network, no role, no permission yet.
    pub may_pass: bool,
    /// Whether a service says that the credentials have ended.
    pub ended: bool,
}

impl Failure {
    pub(super) fn new(source: impl Into<String>, why: impl Into<String>, hint: Option<&str>) -> Self {
        let tried = [Tried { source: source.into(), why: why.into() }];
        Self { tried: tried.into(), hint: hint.map(ToString::to_string), may_pass: false, ended: false }
    }

    /// The same failure with why there are no other credentials.
    #[must_use]
    pub fn and(mut self, no_others: Self) -> Self {
        self.tried.extend(no_others.tried);
        Self { hint: no_others.hint, may_pass: no_others.may_pass, ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Tried { source, why }) in self.tried.iter().enumerate() {
            write!(f, "{}{source}: {why}", if n == 0 { "" } else { "; " })?;
        }
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}

impl core::error::Error for Failure {}
