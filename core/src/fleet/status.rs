//! `status` of a fleet: the master, and what its slaves report.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Value, json};

use super::{
    Base,
    slaves::{Slave, slaves},
    writing::Writing,
};
use crate::{
    config::{Label, ProxyModeConfig, S3Path, SlaveStatus, State},
    proxy::status::{MASTER, SLAVES, body, more},
    seam::{Command, Facts, Outcome, Refusal, Report, Step},
    time::utc,
};

/// `status [--show-slaves] [--json-output]` on the state of the master.
#[derive(Clone, Debug)]
pub struct MasterStatus {
    /// The part of the configuration about the proxy.
    pub proxy: ProxyModeConfig,
    /// Where the state is kept.
    pub base: S3Path,
    /// Whether the slaves are shown.
    pub show_slaves: bool,
    /// Whether it prints JSON.
    pub json: bool,
    /// Whether it prints a table of the slaves for people.
    pub table: bool,
}

impl Command for MasterStatus {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        let what = "show the status".to_string();
        let writing = Writing { facts, past, base: &self.base, what, unsafe_store: false, endures_s: None };
        let shows = self.show_slaves || self.table;
        let (master, slaves) = (writing.read(), if shows { slaves(facts, Base(&self.base)) } else { Ok(Vec::new()) });
        let (master, slaves) = (master?.state, slaves?);
        let text = match (self.json, self.table) {
            (true, _) => self.json_of(&master, &slaves),
            (false, true) => self.table_of(&master, &slaves),
            (false, false) => self.text_of(&master, &slaves),
        };
        Ok(Step::Done(Report { notes: master.oddities(&self.proxy), ..Report::text(text) }))
    }
}

impl MasterStatus {
    fn end_points(&self) -> Vec<&Label> {
        self.proxy.end_points.keys().collect()
    }

    fn text_of(&self, master: &State, slaves: &[Slave]) -> String {
        let mut text = format!("{MASTER}\n{}", body(master, &self.proxy));
        if self.show_slaves {
            text.push_str(&format!("\n{SLAVES}\n"));
            slaves.iter().for_each(|slave| text.push_str(&self.slave(slave)));
        }
        text.push_str(&more(master));
        if let Some(rollout) = &master.rollout {
            text.push_str(&format!("\nRollout:\n  {}: {} % of the slaves\n", rollout.id, rollout.percent.get()));
        }
        let end_points = self.end_points();
        let doubtful = slaves.iter().flat_map(|slave| {
            slave.doubts(master, &end_points).into_iter().map(|doubt| format!("  {}: {doubt}\n", slave.label))
        });
        let doubtful: String = doubtful.collect();
        if !doubtful.is_empty() {
            text.push_str(&format!("\nSlaves to look at:\n{doubtful}"));
        }
        text
    }

    /// A slave, byte for byte as scripts read it.
    fn slave(&self, slave: &Slave) -> String {
        let report = &slave.report;
        let status = match &report.status {
            SlaveStatus::Ok => "OK".to_string(),
            SlaveStatus::Error(text) => format!("Error ({text})"),
        };
        let updated = slave.modified.as_deref().and_then(crate::time::parse_utc).map(|modified| {
            let time = utc(modified);
            format!("Updated: {} UTC\n", time.trim_end_matches('Z').replace('T', " "))
        });
        format!(
            "Slave: {}\nSlave IP: {}\nSlave Hostname: {}\nStatus: {status}\n{}{}{}\n",
            slave.label,
            report.ip_address,
            report.host_name,
            updated.unwrap_or_default(),
            body(&report.state, &self.proxy),
            "-".repeat(70)
        )
    }

    fn json_of(&self, master: &State, slaves: &[Slave]) -> String {
        let mut value = json!({ "master": master.to_value() });
        if let (true, Some(fields)) = (self.show_slaves, value.as_object_mut()) {
            let end_points = self.end_points();
            let slave = |slave: &Slave| {
                json!({
                    "label": slave.label.as_str(),
                    "lastModified": slave.modified,
                    "state": slave.report.to_value(),
                    "doubts": slave.doubts(master, &end_points),
                })
            };
            fields.insert("slaves".to_string(), Value::Array(slaves.iter().map(slave).collect()));
        }
        format!("{value:#}\n")
    }

    /// A line for each slave, for people.
    fn table_of(&self, master: &State, slaves: &[Slave]) -> String {
        let end_points = self.end_points();
        let head = ["SLAVE", "IP", "HOST", "HEARD", "DEPLOYS", "STANDS"].map(ToString::to_string);
        let rows = slaves.iter().map(|slave| {
            let names = |doubt: &String| doubt.split(':').next().unwrap_or_default().to_string();
            let doubts: Vec<String> = slave.doubts(master, &end_points).iter().map(names).collect();
            let deploys: Vec<&str> = slave.report.state.deploys.keys().map(crate::config::DeployName::as_str).collect();
            [
                slave.label.to_string(),
                slave.report.ip_address.clone(),
                slave.report.host_name.clone(),
                slave.age_s.map_or_else(|| "?".to_string(), |age_s| format!("{age_s} s ago")),
                deploys.join(" "),
                if doubts.is_empty() { "well".to_string() } else { doubts.join(", ") },
            ]
        });
        let rows: Vec<[String; 6]> = core::iter::once(head).chain(rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths: Vec<usize> = (0..6).map(width).collect();
        let line = |row: &[String; 6]| {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        };
        rows.iter().map(line).collect()
    }
}
