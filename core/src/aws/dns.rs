//! Texts in DNS through Route 53: the zone that a name is in, what its text record holds, and changes of it.
//!
//! Source: the pages "ListHostedZonesByName", "ListResourceRecordSets", "ChangeResourceRecordSets" and "GetChange" of
//! the Route 53 API reference, version 2013-04-01.

use super::call::Refused;
use super::document::find;
use super::redact;
use super::sigv4::{Signing, query as encoded};
use super::xml::{self, Element};
use super::{Answer, Ask, Credentials, Failure, HttpRequest, Look, Reach, Service, SettingError, Settings, Stop};
use crate::prelude::*;

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// The TXT records of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRecord {
    /// How long others may remember them, in seconds.
    pub ttl_s: u32,
    /// Their values as Route 53 writes them, in quotes.
    pub values: Vec<String>,
}

/// What becomes of the TXT records of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextChange {
    /// They are these, whatever they were.
    Upsert(TextRecord),
    /// There are none any more; they must have been these.
    Delete(TextRecord),
}

/// A change that Route 53 has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// Whether all of Route 53's name servers have it.
    pub everywhere: bool,
}

/// Whom to ask, and as whom.
#[derive(Clone, Copy)]
pub struct Dns<'a> {
    /// What is set for Route 53.
    pub settings: &'a Settings,
    /// Who asks.
    pub credentials: &'a Credentials,
}

impl Dns<'_> {
    /// The id of the public zone that a name without a final dot is in, the smallest one; `None` when there is none.
    ///
    /// # Errors
    /// When something has to be asked first, or it cannot be found out: also of two zones of one name.
    pub fn zone(&self, look: &Look<'_>, name: &str) -> Result<Option<String>, Stop> {
        let doing = format!("find the Route 53 zone of {name}");
        let starts = core::iter::once(0).chain(name.match_indices('.').map(|(at, _)| at + 1));
        for parent in starts.map(|start| &name[start..]).filter(|parent| parent.contains('.')) {
            let parameters = [("dnsname", parent), ("maxitems", "100")];
            let answer = self.ask(look, &doing, "/2013-04-01/hostedzonesbyname", &parameters)?;
            let zones = answer.children.iter().filter(|child| child.name == "HostedZones").flat_map(|it| &it.children);
            let is_it = |zone: &&Element<'_>| {
                let private = find(zone, "PrivateZone").is_some_and(|private| private.text.trim() == "true");
                same_name(zone.child_text("Name").unwrap_or_default(), parent) && !private
            };
            let ids: Vec<&str> = zones.filter(is_it).filter_map(|zone| zone.child_text("Id")).collect();
            match ids.as_slice() {
                [] => (),
                [id] => return Ok(Some(bare(id).to_owned())),
                _ => {
                    let hint = Some("name the one that the domain's registrar points to by awsHostedZoneId");
                    let why = format!("there are {} public zones called {parent}", ids.len());
                    return Err(Stop::Failed(Failure::new(doing, why, hint)));
                }
            }
        }
        Ok(None)
    }

    /// The TXT records of a name in a zone.
    ///
    /// # Errors
    /// When something has to be asked first, or it cannot be found out.
    pub fn text(&self, look: &Look<'_>, zone: &str, name: &str) -> Result<Option<TextRecord>, Stop> {
        let doing = format!("read the TXT record {name} in the Route 53 zone {zone}");
        let parameters = [("name", name), ("type", "TXT"), ("maxitems", "1")];
        let answer = self.ask(look, &doing, &format!("/2013-04-01/hostedzone/{zone}/rrset"), &parameters)?;
        // The first one at or behind the name.
        let Some(set) = find(&answer, "ResourceRecordSet") else { return Ok(None) };
        if set.child_text("Type") != Some("TXT") || !same_name(set.child_text("Name").unwrap_or_default(), name) {
            return Ok(None);
        }
        if set.child_text("SetIdentifier").is_some() {
            let why = "it is one of several, chosen among by weight or place";
            return Err(Stop::Failed(Failure::new(doing, why, Some("remove it: a challenge needs a plain record"))));
        }
        let records = set.children.iter().filter(|child| child.name == "ResourceRecords").flat_map(|it| &it.children);
        let values = records.filter_map(|record| record.child_text("Value")).map(ToOwned::to_owned).collect();
        let ttl_s = set.child_text("TTL").and_then(|ttl| ttl.trim().parse().ok()).unwrap_or_default();
        Ok(Some(TextRecord { ttl_s, values }))
    }

    /// Changes the TXT records of a name in a zone; `None` when those to be deleted have been changed meanwhile. That
    /// they are gone already will do.
    ///
    /// # Errors
    /// When something has to be asked first, or Route 53 does not take the change.
    pub fn change(&self, look: &Look<'_>, zone: &str, name: &str, change: &TextChange) -> Result<Option<Taken>, Stop> {
        let doing = "Route 53";
        let (action, TextRecord { ttl_s, values }) = match change {
            TextChange::Upsert(record) => ("UPSERT", record),
            TextChange::Delete(record) => ("DELETE", record),
        };
        let value = |value: &String| format!("<ResourceRecord><Value>{}</Value></ResourceRecord>", escaped(value));
        let values: String = values.iter().map(value).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ChangeResourceRecordSetsRequest xmlns=\"{NAMESPACE}\">\
             <ChangeBatch><Changes><Change><Action>{action}</Action><ResourceRecordSet><Name>{}</Name>\
             <Type>TXT</Type><TTL>{ttl_s}</TTL><ResourceRecords>{values}</ResourceRecords></ResourceRecordSet>\
             </Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
            escaped(name)
        );
        let path = format!("/2013-04-01/hostedzone/{zone}/rrset/");
        match self.answer(look, doing, "POST", &path, &[], &body)? {
            Ok(document) => taken(&document).map(Some).ok_or_else(|| failed(doing, "the answer holds no change")),
            Err(refused) if refused.code == "InvalidChangeBatch" && action == "DELETE" => {
                // "[Tried to delete resource record set [name='…', type='TXT'] but it was not found]"
                let gone = refused.message.contains("but it was not found");
                Ok(gone.then(|| Taken { id: String::new(), everywhere: true }))
            }
            Err(refused) => Err(self.refused(doing, &refused)),
        }
    }

    /// How far a change has come.
    ///
    /// # Errors
    /// When something has to be asked first, or Route 53 does not say.
    pub fn progress(&self, look: &Look<'_>, id: &str) -> Result<Taken, Stop> {
        let doing = format!("see whether change {id} has arrived");
        let answer = self.ask(look, &doing, &format!("/2013-04-01/change/{id}"), &[])?;
        taken(&answer).ok_or_else(|| failed(&doing, "the answer holds no change"))
    }

    fn ask<'l>(
        &self,
        look: &Look<'l>,
        doing: &str,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element<'l>, Stop> {
        let answer = self.answer(look, doing, "GET", path, parameters, "")?;
        answer.map_err(|refused| self.refused(doing, &refused))
    }

    fn answer<'l>(
        &self,
        look: &Look<'l>,
        doing: &str,
        method: &'static str,
        path: &str,
        parameters: &[(&str, &str)],
        body: &str,
    ) -> Result<Result<Element<'l>, Refused>, Stop> {
        let wrong = |error: SettingError| failed(doing, &error.to_string());
        let base = self.settings.url(Service::Route53).map_err(wrong)?;
        let region = self.settings.signing_region(Service::Route53).map_err(wrong)?;
        let service = Service::Route53.id();
        let signing = Signing { credentials: self.credentials, region, service, now_s: look.now_s };
        let headers = signing.of(&base, method, path, parameters, &[], body);
        let mark = if parameters.is_empty() { "" } else { "?" };
        let url = format!("{base}{path}{mark}{}", encoded(parameters));
        let request = HttpRequest { reach: Reach::Service, method, url, headers, body: body.to_owned(), again: false };
        let secrets = self.credentials.secrets();
        match look.answer(Ask::Http(request))? {
            Answer::Http { status: 200, body } => {
                let document = xml::parse(body);
                document.map(Ok).map_err(|_| failed(doing, &format!("{base}: the response is not the expected XML")))
            }
            Answer::Http { status, body } => Ok(Err(refusal(*status, body, &secrets))),
            Answer::Failed { why, .. } => Err(failed(doing, &redact(&format!("{base}: {why}"), &secrets))),
            _ => Err(failed(doing, &format!("{base}: it did not answer"))),
        }
    }

    fn refused(&self, doing: &str, refused: &Refused) -> Stop {
        let hint = match refused.code.as_str() {
            "AccessDenied" | "AccessDeniedException" => Some(
                "give the machine's role route53:ListResourceRecordSets and route53:ChangeResourceRecordSets on the \
                 zone, and route53:GetChange",
            ),
            "NoSuchHostedZone" => Some("check awsHostedZoneId, and that the zone belongs to the machine's account"),
            _ => None,
        };
        Stop::Failed(refused.failure(doing, hint))
    }
}

fn failed(doing: &str, why: &str) -> Stop {
    Stop::Failed(Failure::new(doing, why, None))
}

fn taken(document: &Element<'_>) -> Option<Taken> {
    let info = find(document, "ChangeInfo")?;
    let id = bare(info.child_text("Id")?).to_owned();
    Some(Taken { id, everywhere: info.child_text("Status")?.trim() == "INSYNC" })
}

/// An error as Route 53 has it: a document of its own for a batch that it does not take, else the usual one.
fn refusal(status: u16, body: &[u8], secrets: &[&str]) -> Refused {
    let Ok(document) = xml::parse(body) else {
        return Refused { status, code: String::new(), message: String::new() };
    };
    let text = |name| find(&document, name).map(|element| redact(&element.text, secrets));
    let code = text("Code").unwrap_or_else(|| document.name.to_owned());
    Refused { status, code, message: text("Message").unwrap_or_default() }
}

/// The id behind `/hostedzone/` or `/change/`.
fn bare(id: &str) -> &str {
    let id = id.trim();
    id.rsplit_once('/').map_or(id, |(_, id)| id)
}

/// Whether a name as Route 53 writes it, with a final dot, is this one.
fn same_name(found: &str, name: &str) -> bool {
    found.trim().trim_end_matches('.').eq_ignore_ascii_case(name.trim_end_matches('.'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
