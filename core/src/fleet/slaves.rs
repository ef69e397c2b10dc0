//! What the slaves report, and what is doubtful about a report.

use crate::prelude::*;

use serde_json::{Map, Value};

use super::Base;
use crate::{
    config::{self, FromText, Label, SlaveState, SlaveStatus, State},
    printable::{for_record, one_line},
    seam::{Facts, Location, Query, Refusal, Settled as _},
    time::{parse_utc, utc},
};

/// After so long without a word a slave counts as dead, and its record may be removed.
pub(super) const STALE_S: u64 = 300;

/// The field of a report that says why a slave's configuration cannot be read any more.
pub(super) const MISCONFIGURED: &str = "misconfigured";

/// The field of a report that says that a slave is held, and why.
pub(super) const HELD: &str = "held";

/// A slave's record in the bucket.
#[derive(Clone, Debug)]
pub(super) struct Slave {
    /// Its label.
    pub(super) label: Label,
    /// Where the record is.
    pub(super) at: Location,
    /// When it was written last, `YYYY-MM-DDTHH:MM:SSZ`, where the store says.
    pub(super) modified: Option<String>,
    /// How long ago.
    pub(super) age_s: Option<u64>,
    /// What it says; one that cannot be read says that.
    pub(super) report: SlaveState,
    /// Whether that could be read.
    pub(super) is_known: bool,
}

/// The records of all slaves by label. An unreadable record stands for a slave in trouble.
pub(super) fn slaves(facts: &Facts, base: Base<'_>) -> Result<Vec<Slave>, Refusal> {
    let asked: Vec<_> = records(facts, base)?.into_iter().map(|record| (facts.record(&record.at), record)).collect();
    let mut slaves = Vec::new();
    for (content, Record { label, at, modified, age_s }) in asked {
        let read = match content.known()? {
            Err(refusal) => Err(refusal.to_string()),
            // Removed since the listing.
            Ok(None) => continue,
            Ok(Some(content)) => {
                let text = String::from_utf8_lossy(content.bytes.reveal());
                let parsed = config::slave_state(&at.to_string(), &text);
                parsed.map(|parsed| parsed.value).map_err(|rejected| rejected.to_string())
            }
        };
        let is_known = read.is_ok();
        let report = read.unwrap_or_else(unreadable);
        slaves.push(Slave { label, at, modified, age_s, report, is_known });
    }
    Ok(slaves)
}

/// A record as the listing has it.
pub(super) struct Record {
    pub(super) label: Label,
    pub(super) at: Location,
    pub(super) modified: Option<String>,
    pub(super) age_s: Option<u64>,
}

/// Where the records are: `<base>/slaves/<label>/state.json`.
pub(super) fn folder(base: Base<'_>) -> Location {
    base.object("slaves/")
}

/// The records of all slaves by label.
pub(super) fn records(facts: &Facts, base: Base<'_>) -> Result<Vec<Record>, Refusal> {
    let listed = facts.releases(&folder(base))?;
    // By the clock that dated them.
    let now = facts.service_time()?;
    let record = |listed: &crate::seam::Listed| {
        let label = Label::from_text(listed.name.strip_suffix("/state.json")?).ok()?;
        let modified_s = parse_utc(&listed.modified);
        let (age_s, modified) = (modified_s.map(|then| now.saturating_sub(then)), modified_s.map(utc));
        let at = base.slave(&label);
        Some(Record { label, at, modified, age_s })
    };
    let mut records: Vec<Record> = listed.iter().filter_map(record).collect();
    records.sort_by(|a, b| a.label.cmp(&b.label));
    Ok(records)
}

/// The names of the records whose labels are none that this version reads.
pub(super) fn unlabelled(facts: &Facts, base: Base<'_>) -> Result<Vec<String>, Refusal> {
    let listed = facts.releases(&folder(base))?;
    let label = |listed: &crate::seam::Listed| listed.name.strip_suffix("/state.json").map(ToString::to_string);
    Ok(listed.iter().filter_map(label).filter(|label| Label::from_text(label).is_err()).collect())
}

/// What to ask again to see how the slaves are now.
pub(super) fn queries(base: Base<'_>, slaves: &[Slave]) -> Vec<Query> {
    let contents = slaves.iter().map(|slave| Query::Record(slave.at.clone()));
    [Query::Releases(folder(base)), Query::ServiceTime].into_iter().chain(contents).collect()
}

fn unreadable(why: String) -> SlaveState {
    SlaveState {
        status: SlaveStatus::Error(for_record(&format!("its report cannot be read: {why}"))),
        ip_address: String::new(),
        host_name: String::new(),
        state: State::default(),
        followed: None,
        extra: Map::new(),
    }
}

impl Slave {
    /// Whether nothing was heard of it for so long that it counts as dead.
    pub(super) fn is_stale(&self) -> bool {
        self.age_s.is_some_and(|age_s| age_s > STALE_S)
    }

    /// What it says is wrong with it.
    pub(super) fn error(&self) -> Option<&str> {
        match &self.report.status {
            SlaveStatus::Ok => None,
            SlaveStatus::Error(text) => Some(text),
        }
    }

    /// Whether it does not run what this state of the master wants of it.
    pub(super) fn is_behind(&self, master: &State, end_points: &[&Label]) -> bool {
        let (want, has) = (master.for_machine(Some(&self.label)), &self.report.state);
        let deploys = want.deploys.len() == has.deploys.len()
            && want.deploys.iter().all(|(label, want)| has.deploys.get(label).is_some_and(|has| has.is_as(want)));
        let connected = |state: &State, endpoint: &Label| state.connected(endpoint).map(|deploy| deploy.label.clone());
        !deploys || end_points.iter().any(|endpoint| connected(want, endpoint) != connected(has, endpoint))
    }

    /// What a person should look at, in a few words; nothing when all is well.
    pub(super) fn warnings(&self, master: &State, end_points: &[&Label]) -> Vec<String> {
        let mut warnings = Vec::new();
        if let (true, Some(age_s)) = (self.is_stale(), self.age_s) {
            warnings.push(format!("stale: nothing heard for {age_s} s"));
        }
        if self.error().is_some() {
            warnings.push("broken: see its status".to_string());
        }
        if let Some(Value::String(why)) = self.report.extra.get(MISCONFIGURED) {
            warnings.push(format!("{MISCONFIGURED}: {}", one_line(why)));
        }
        if let Some(Value::String(why)) = self.report.extra.get(HELD) {
            warnings.push(one_line(why).into_owned());
        }
        if self.is_behind(master, end_points) {
            warnings.push("behind: it does not run what the master wants".to_string());
        }
        warnings
    }
}
