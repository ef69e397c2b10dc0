//! `status` of a fleet: the master, and what its slaves report.

use crate::prelude::*;

use serde_json::{Value, json};

use super::{
    Base,
    slaves::{Slave, slaves},
    writing::Writing,
};
use crate::{
    config::{Label, ProxyModeConfig, S3Path, SlaveStatus, State},
    printable::one_line,
    proxy::status::{MASTER, SLAVES, body, more},
    seam::{Command, Facts, Outcome, Purpose, Refusal, Report, Step},
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
        let what = Purpose::Only("show the status".into());
        let writing = Writing { facts, past, base: &self.base, what, unsafe_store: false, retry_for_s: None };
        let shows = self.show_slaves || self.table;
        let (master, slaves) = (writing.read(), if shows { slaves(facts, Base(&self.base)) } else { Ok(Vec::new()) });
        let (master, slaves) = (master?.state, slaves?);
        let shown = match (self.json, self.table) {
            (true, _) => Report::json(&self.json_of(&master, &slaves)),
            (false, true) => Report::text(self.table_of(&master, &slaves)),
            (false, false) => Report::text(self.text_of(&master, &slaves)),
        };
        Ok(Step::Done(Report { notes: master.warnings(&self.proxy), ..shown }))
    }
}

impl MasterStatus {
    fn end_points(&self) -> Vec<&Label> {
        self.proxy.end_points.keys().collect()
    }

    fn text_of(&self, master: &State, slaves: &[Slave]) -> String {
        let mut text = format!("{MASTER}\n{}", body(master, &self.proxy));
        if self.show_slaves {
            text.push_str(&format!("{SLAVES}\n"));
            slaves.iter().for_each(|slave| text.push_str(&self.slave(slave)));
        }
        text.push_str(&more(master));
        if let Some(rollout) = &master.rollout {
            text.push_str(&format!("\nRollout:\n  {}: {} % of the slaves\n", rollout.id, rollout.percent.get()));
        }
        let end_points = self.end_points();
        let doubtful = slaves.iter().flat_map(|slave| {
            slave.warnings(master, &end_points).into_iter().map(|doubt| format!("  {}: {doubt}\n", slave.label))
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
            SlaveStatus::Error(text) => format!("Error ({})", one_line(text)),
        };
        let updated = slave
            .modified
            .as_deref()
            .map(|time| format!("Updated: {} UTC\n", time.trim_end_matches('Z').replace('T', " ")));
        format!(
            "Slave: {}\nSlave IP: {}\nSlave Hostname: {}\nStatus: {status}\n{}{}{}\n",
            slave.label,
            one_line(&report.ip_address),
            one_line(&report.host_name),
            updated.unwrap_or_default(),
            body(&report.state, &self.proxy),
            "-".repeat(70)
        )
    }

    fn json_of(&self, master: &State, slaves: &[Slave]) -> Value {
        let mut value = json!({ "master": master.to_value() });
        if let (true, Some(fields)) = (self.show_slaves, value.as_object_mut()) {
            let end_points = self.end_points();
            let slave = |slave: &Slave| {
                json!({
                    "label": slave.label.as_str(),
                    "lastModified": slave.modified,
                    "state": slave.report.to_value(),
                    "doubts": slave.warnings(master, &end_points),
                })
            };
            fields.insert("slaves".to_string(), Value::Array(slaves.iter().map(slave).collect()));
        }
        value
    }

    /// A line for each slave, for people.
    fn table_of(&self, master: &State, slaves: &[Slave]) -> String {
        let end_points = self.end_points();
        let head = ["SLAVE", "IP", "HOST", "HEARD", "DEPLOYS", "STANDS"].map(ToString::to_string);
        let rows = slaves.iter().map(|slave| {
            let names = |doubt: &String| doubt.split(':').next().unwrap_or_default().to_string();
            let warnings: Vec<String> = slave.warnings(master, &end_points).iter().map(names).collect();
            let deploys: Vec<&str> = slave.report.state.deploys.keys().map(crate::config::DeployName::as_str).collect();
            [
                slave.label.to_string(),
                one_line(&slave.report.ip_address).into_owned(),
                one_line(&slave.report.host_name).into_owned(),
                slave.age_s.map_or_else(|| "?".to_string(), |age_s| format!("{age_s} s ago")),
                deploys.join(" "),
                if warnings.is_empty() { "well".to_string() } else { warnings.join(", ") },
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

#[cfg(all(test, feature = "world"))]
mod tests {
    use crate::prelude::*;

    use serde_json::{Value, json};

    use super::SLAVES;
    use crate::{
        config::{Syntax, tool_config},
        request::{Options, Request},
        seam::{End, Facts, Location, Output, drive},
        world::{Object, World},
    };

    const NOW_S: u64 = 1_700_000_000;

    fn state(release: &str) -> Value {
        let deploy = json!({ "label": "a", "release": release, "releaseUnpacked": true, "port": 8000 });
        json!({ "deploys": { "a": deploy }, "connections": { "main": "a" } })
    }

    /// What the status of a fleet prints in this form, where each slave stands otherwise.
    fn shown(json: bool, table: bool) -> String {
        let report = |status: Value, release: &str| json!({ "ipAddress": "", "hostName": "", "status": status, "state": state(release) });
        let mut unread = report(json!("ok"), "r2.zip");
        unread["misconfigured"] = "no: such".into();
        let records = [
            ("well", report(json!("ok"), "r2.zip").to_string(), 300),
            ("dead", report(json!("ok"), "r2.zip").to_string(), 301),
            ("sick", report(json!({ "error": "it hurts" }), "r2.zip").to_string(), 0),
            ("late", report(json!("ok"), "r1.zip").to_string(), 0),
            ("lost", "<html>".into(), 0),
            ("odd", unread.to_string(), 0),
        ];
        shown_of(&records, json, table)
    }

    /// What it prints of these records: label, text, age in seconds.
    fn shown_of(records: &[(&str, String, u64)], json: bool, table: bool) -> String {
        let mut world = World { clock: NOW_S, ..World::default() };
        let mut put = |key: &str, text: String, modified: u64| {
            let at = Location::Object { bucket: "fleet".into(), key: format!("base/{key}") };
            world.objects.insert(at, Object { bytes: text.into(), modified, ..Object::default() });
        };
        put("master/state.json", state("r2.zip").to_string(), NOW_S);
        for (label, report, age_s) in records {
            put(&format!("slaves/{label}/state.json"), report.clone(), NOW_S - age_s);
        }
        let text = r#"{"releases": {"localdir": "/r"}, "deployMode": {"proxy": {"remoteStateS3": "s3://fleet/base",
            "endPoints": {"main": {"serverNames": ["a.example.com"], "etype": "httpOnly"}}}}}"#;
        let config = tool_config("c.json", text, Syntax::Json).expect("it is right").value;
        let status = Request::Status { show_slaves: true, json, table };
        let command = status.command(config, &Options::DEFAULT).expect("the state is shared");
        let End::Reported(report) = drive(&*command, &mut world, &mut Facts::default()) else { panic!("no report") };
        assert_eq!(report.failed, None, "one that is broken fails nothing");
        let Output::Text(text) = report.output else { panic!("no text") };
        text
    }

    #[test]
    fn a_record_forges_no_line_and_moves_no_cursor() {
        let forged = "x)\nStatus: OK\nSlave: b\u{2028}\u{85}c\u{1b}[2J\u{9b}1A\u{202e}\u{7f}\r";
        let mut record = json!({ "ipAddress": forged, "hostName": forged, "status": { "error": forged },
            "state": state("r2.zip"), "misconfigured": forged });
        record["state"]["deploys"]["a"]["note"] = forged.into();
        let records = [("a", record.to_string(), 0)];
        let text = shown_of(&records, false, false);
        let slaves = text.lines().filter(|line| line.starts_with("Slave: ")).count();
        let stands = text.lines().filter(|line| line.starts_with("Status: ")).count();
        assert_eq!((slaves, stands), (1, 1), "{text}");
        let escaped = r"x)\nStatus: OK\nSlave: b\u{2028}\u{85}c\u{1b}[2J\u{9b}1A\u{202e}\u{7f}\r";
        assert!(text.contains(&format!("\nStatus: Error ({escaped})\n")), "{text}");
        assert_eq!(shown_of(&records, false, true).lines().count(), 2, "the head and one slave");
        let json = shown_of(&records, true, false);
        for shown in [&text, &json, &shown_of(&records, false, true)] {
            assert!(!shown.contains(|c| crate::printable::is_unprintable(c) && c != '\n'), "{shown:?}");
        }
        let read: Value = serde_json::from_str(&json).expect("it is JSON");
        let state = &read["slaves"][0]["state"];
        assert_eq!((&state["hostName"], &state["status"]["error"]), (&forged.into(), &forged.into()));
    }

    #[test]
    fn a_record_that_is_too_long_has_its_label_no_state_and_an_error() {
        let record = |text_bytes: usize, blanks: usize| {
            let text = "x".repeat(text_bytes);
            let record = json!({ "ipAddress": "", "hostName": text, "status": "ok", "state": state("r2.zip") });
            format!("{record}{}", " ".repeat(blanks))
        };
        let whole = record(4096, 0).len();
        let records = [
            ("fits", record(4096, (2 << 20) - whole), 0),
            ("longer", record(4096, (2 << 20) - whole + 1), 0),
            ("wordy", record(4097, 0), 0),
            ("keyed", json!({ "k".repeat(4097): 1 }).to_string(), 0),
            ("many", Value::from(alloc::vec![0; 50_001]).to_string(), 0),
        ];
        let read: Value = serde_json::from_str(&shown_of(&records, true, false)).expect("it is JSON");
        let slave = |label: &str| {
            let slaves = read["slaves"].as_array().expect("an array");
            slaves.iter().find(|slave| slave["label"] == label).expect("each has an entry")["state"].clone()
        };
        assert_eq!(slave("fits")["status"], "ok");
        for (label, why) in [
            ("longer", "it is longer than 2097152 bytes"),
            ("wordy", "slaves/wordy/state.json:1:13: found a text of 4097 bytes, expected 4096 at most"),
            ("many", "slaves/many/state.json:1:1: found more than 50000 values, expected the report of a slave"),
            ("keyed", "slaves/keyed/state.json:1:2: found a text of 4097 bytes, expected 4096 at most"),
        ] {
            let state = slave(label);
            assert_eq!(state["state"], json!({ "deploys": {}, "connections": {} }), "{label}");
            let error = state["status"]["error"].as_str().unwrap_or_default();
            assert!(error.starts_with("its report cannot be read: ") && error.ends_with(why), "{error}");
        }
    }

    #[test]
    fn a_slaves_time_is_given_to_the_second_in_json_that_is_indented_by_four() {
        let json = shown(true, false);
        for line in [
            "{\n    \"master\": {\n        \"connections\": {\n            \"main\": \"a\"\n",
            "\n            \"lastModified\": \"2023-11-14T22:13:20Z\",\n",
        ] {
            assert!(json.contains(line), "{line}: {json}");
        }
        assert!(json.ends_with("\n    ]\n}\n"), "{json}");
    }

    #[test]
    fn the_slaves_stand_directly_behind_the_last_deploy() {
        let text = shown(false, false);
        assert!(text.contains(&format!("\n  a (r2.zip): (localhost:8000)\n{SLAVES}\nSlave: dead\n")), "{text}");
        assert!(text.contains("\nUpdated: 2023-11-14 22:13:20 UTC\nEndpoints:\n"), "{text}");
    }

    #[test]
    fn slaves_that_are_stale_broken_behind_or_misconfigured_are_named_and_no_others() {
        let expected = "\nSlaves to look at:\n  \
            dead: stale: nothing heard for 301 s\n  late: behind: it does not run what the master wants\n  \
            lost: broken: see its status\n  lost: behind: it does not run what the master wants\n  \
            odd: misconfigured: no: such\n  sick: broken: see its status\n";
        let text = shown(false, false);
        assert!(text.ends_with(expected), "{text}");
        assert!(text.contains("Status: Error (its report cannot be read: "), "{text}");
        let json: Value = serde_json::from_str(&shown(true, false)).unwrap();
        let doubts = |label: &str| {
            let slaves = json["slaves"].as_array().unwrap();
            slaves.iter().find(|slave| slave["label"] == label).unwrap()["doubts"].as_array().unwrap().len()
        };
        assert_eq!(["well", "dead", "sick", "late", "lost", "odd"].map(doubts), [0, 1, 1, 1, 2, 1]);
        let table = shown(false, true);
        for end in ["well", "stale", "broken", "behind", "broken, behind", "misconfigured"] {
            assert_eq!(table.lines().filter(|line| line.ends_with(&format!("  {end}"))).count(), 1, "{end}: {table}");
        }
    }
}
