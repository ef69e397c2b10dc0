//! Roles by way of the security token service: with credentials, or with a token of an identity provider.
//!
//! Source: the pages "AssumeRole" and "AssumeRoleWithWebIdentity" of the STS reference, version 2011-06-15.

use super::credentials::Found;
use super::redact;
use super::settings::settings;
use super::sigv4::{Signing, encode};
use super::{Answer, Ask, Credentials, Failure, HttpRequest, Look, Reach, Service, SettingError, Stop, document};
use crate::prelude::*;

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// The role to be taken on.
pub(super) struct Role<'a> {
    /// What asks for it, for a person.
    pub(super) source: String,
    pub(super) arn: &'a str,
    pub(super) session_name: Option<&'a str>,
    pub(super) external_id: Option<&'a str>,
    pub(super) duration_s: Option<&'a str>,
}

impl Role<'_> {
    /// Takes the role on with credentials.
    pub(super) fn with_credentials(&self, look: &Look<'_>, with: &Credentials) -> Result<Credentials, Stop> {
        let mut form = self.form(look, "AssumeRole");
        form.extend(self.external_id.map(|id| ("ExternalId", id.to_owned())));
        let mut found = self.ask(look, &form, Some(with))?;
        found.from_metadata = with.from_metadata;
        Ok(found)
    }

    /// Takes the role on with the token in a file, which is read each time, as it is rotated.
    pub(super) fn with_token_file(&self, look: &Look<'_>, path: &str) -> Result<Found, Stop> {
        let token = match look.answer(Ask::File(path.to_owned()))? {
            Answer::Bytes(bytes) => core::str::from_utf8(bytes).map(str::trim).unwrap_or_default(),
            Answer::Failed { why, .. } => return Err(self.failed(format!("the token in {path} cannot be read: {why}"))),
            _ => return Err(self.failed(format!("the token file {path} is not there"))),
        };
        if token.is_empty() {
            return Err(self.failed(format!("there is no token in {path}")));
        }
        let mut form = self.form(look, "AssumeRoleWithWebIdentity");
        form.push(("WebIdentityToken", token.to_owned()));
        self.ask(look, &form, None).map(Found::Credentials)
    }

    fn form(&self, look: &Look<'_>, action: &str) -> Vec<(&'static str, String)> {
        let name = self.session_name.map_or_else(|| format!("c2-{}", look.now_s), ToOwned::to_owned);
        let mut form = Vec::from([
            ("Action", action.to_owned()),
            ("Version", "2011-06-15".to_owned()),
            ("RoleArn", self.arn.to_owned()),
            ("RoleSessionName", name),
        ]);
        form.extend(self.duration_s.map(|seconds| ("DurationSeconds", seconds.to_owned())));
        form
    }

    fn ask(&self, look: &Look<'_>, form: &[(&str, String)], with: Option<&Credentials>) -> Result<Credentials, Stop> {
        let from_metadata = with.is_some_and(|with| with.from_metadata);
        let settings = settings(look, Service::Sts)?.with_region(look, from_metadata)?;
        let wrong = |error: SettingError| self.failed(error.to_string());
        let (base, region) = (settings.url(Service::Sts).map_err(wrong)?, settings.region().map_err(wrong)?);
        let body = form.iter().map(|(name, value)| format!("{name}={}", encode(value, false)));
        let body = body.collect::<Vec<_>>().join("&");
        let mut headers = Vec::from([("content-type", CONTENT_TYPE.to_owned())]);
        if let Some(credentials) = with {
            let signing = Signing { credentials, region, service: "sts", now_s: look.now_s };
            headers.extend(signing.of_post(&base, &[("content-type", CONTENT_TYPE)], &body));
        }
        let token = form.iter().find(|(name, _)| *name == "WebIdentityToken").map_or("", |(_, token)| token.as_str());
        let sent = encode(token, false);
        let [id, secret, session] = with.map_or([""; 3], Credentials::secrets);
        let url = format!("{base}/");
        let failed = |why: &str| self.failed(redact(&format!("{base}: {why}"), &[id, secret, session, token, &sent]));
        match look.answer(Ask::Http(HttpRequest {
            reach: Reach::Service,
            method: "POST",
            url,
            headers,
            body,
            again: false,
        }))? {
            Answer::Http { status, body } => document::from_sts(*status, body).map_err(|why| failed(&why)),
            Answer::Failed { why, .. } => Err(failed(why)),
            _ => Err(failed("it did not answer")),
        }
    }

    fn failed(&self, why: String) -> Stop {
        Stop::Failed(Failure::new(format!("{}, role {}", self.source, self.arn), why, None))
    }
}
