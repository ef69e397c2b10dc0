//! Requests to the services of AWS that take JSON in a POST, signed, and what their errors say.
//!
//! Source: the Smithy specification, "AWS JSON 1.1 protocol".

use super::credentials::have_ended;
use super::redact;
use super::sigv4::Signing;
use super::{Answer, Ask, Credentials, Failure, HttpRequest, Look, Reach, Service, Settings, Stop};
use crate::prelude::*;
use serde_json::{Map, Value};

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// An operation of a service.
pub(super) struct Call<'a> {
    /// What it is for, for a person.
    pub(super) doing: String,
    pub(super) service: Service,
    /// `secretsmanager.GetSecretValue`
    pub(super) target: &'static str,
    pub(super) settings: &'a Settings,
    pub(super) credentials: &'a Credentials,
}

/// What a service refused, with everything secret taken out.
pub(super) struct Refused {
    pub(super) status: u16,
    /// The name of the error, without its namespace.
    pub(super) code: String,
    pub(super) message: String,
}

impl Call<'_> {
    /// The service's answer to these members.
    pub(super) fn ask(&self, look: &Look<'_>, members: Value) -> Result<Result<Map<String, Value>, Refused>, Stop> {
        let wrong = |error: super::SettingError| self.failed(error.to_string());
        let base = self.settings.url(self.service).map_err(wrong)?;
        let region = self.settings.signing_region(self.service).map_err(wrong)?;
        let body = members.to_string();
        let service = self.service.id();
        let signing = Signing { credentials: self.credentials, region, service, now_s: look.now_s };
        let own = [("content-type", CONTENT_TYPE), ("x-amz-target", self.target)];
        let mut headers: Vec<_> = own.map(|(name, value)| (name, value.to_string())).into();
        headers.extend(signing.of_post(&base, &own, &body));
        let request =
            HttpRequest { reach: Reach::Service, method: "POST", url: format!("{base}/"), headers, body, again: false };
        match look.answer(Ask::Http(request))? {
            Answer::Http { status: 200, body } => match serde_json::from_slice(body) {
                Ok(document) => Ok(Ok(document)),
                // Never the parser's own words: they may quote what they met.
                Err(_) => Err(self.failed(format!("{base}: the response is not a JSON object"))),
            },
            Answer::Http { status, body } => Ok(Err(self.refused(*status, body))),
            Answer::Failed { why, passing, .. } => {
                let why = redact(&format!("{base}: {why}"), &self.credentials.secrets());
                Err(Stop::Failed(Failure { may_pass: *passing, ..Failure::new(self.doing.clone(), why, None) }))
            }
            _ => Err(self.failed(format!("{base}: it did not answer"))),
        }
    }

    pub(super) fn failed(&self, why: String) -> Stop {
        Stop::Failed(Failure::new(self.doing.clone(), why, None))
    }

    fn refused(&self, status: u16, body: &[u8]) -> Refused {
        let document: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        let text = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| document.get(*name)?.as_str()).unwrap_or_default();
            redact(found, &self.credentials.secrets())
        };
        let code = text(["__type", "code"]);
        let code = code.rsplit_once('#').map_or(code.as_str(), |(_, name)| name);
        let code = code.split(':').next().unwrap_or_default().to_string();
        Refused { status, code, message: text(["message", "Message"]) }
    }
}

impl Refused {
    /// The failure of what was being done.
    pub(super) fn failure(&self, doing: impl Into<String>, hint: Option<&str>) -> Failure {
        Failure { ended: have_ended(&self.code), ..Failure::new(doing, self.text(), hint) }
    }

    /// What it said, for a person.
    fn text(&self) -> String {
        let Refused { status, code, message } = self;
        match (code.as_str(), message.as_str()) {
            ("", _) => format!("it answered {status} without saying why"),
            (code, "") => format!("it answered {status} {code}"),
            (code, message) => format!("it answered {status} {code}: {message}"),
        }
    }
}
