//! A machine that follows, round after round, and what it keeps between its rounds.

use std::cell::{Cell, RefCell};

use c2_core::{
    config::{Positive, SlaveStatus, ToolConfig, slave_state},
    request::{Options, Request},
    seam::{Answer, Effect, End, Facts, Failure, Memo, Query, Reason, Report, Role, drive},
    world::{PRINTED, World},
};
use serde_json::{Value, json};

use super::{
    fleet::{config, machine, put_master, slave},
    hooked::Hooked,
};

/// A state in which main is on the deploy a.
pub const STATE: &str = r#"{"deploys": {"a": {"label": "a", "release": "r1.zip", "releaseUnpacked": true, "port": 8000}},
    "connections": {"main": "a"}}"#;

/// A machine and what it keeps between its rounds, a poll every ten seconds.
pub struct Machine {
    pub world: World,
    pub config: ToolConfig,
    pub kept: Option<Memo>,
    /// Whether the store answers who reads, and nobody who writes.
    pub unwritable: bool,
    /// Why the configuration cannot be read any more.
    pub misconfigured: Option<String>,
    /// Why the store does not give the state of the master.
    pub refusal: Option<String>,
    /// Whether a docker that is asked for containers fails.
    pub undocked: bool,
    /// What it has reported.
    pub reports: Vec<String>,
    /// How often a stop command was run.
    pub stops: u32,
}

impl Machine {
    pub fn new() -> Self {
        Machine::with(&[("r1.zip", json!({}))])
    }

    pub fn with(releases: &[(&str, Value)]) -> Self {
        let mut world = machine("one", releases);
        put_master(&mut world, STATE);
        let config = config("one", &["main"]);
        Machine {
            world,
            config,
            kept: None,
            unwritable: false,
            misconfigured: None,
            refusal: None,
            undocked: false,
            reports: vec![],
            stops: 0,
        }
    }

    /// One round: its report, and whether it looked at what the proxy does.
    pub fn poll(&mut self, period_s: u32) -> (Report, bool) {
        let (kept, misconfigured) = (self.kept.take(), self.misconfigured.clone());
        let request = Request::SlaveUpdate { repeat_s: Positive::new(period_s), kept, misconfigured };
        let command = request.command(self.config.clone(), &Options::DEFAULT).unwrap();
        let looked = Cell::new(false);
        let note = |query: &Query| {
            looked.set(looked.get() || matches!(query, Query::Proxy(_)));
            if self.undocked && matches!(query, Query::Containers(_)) {
                let why = Reason { full: PRINTED.into(), public: "it failed".into() };
                let doing = "look for the containers of a deploy".into();
                return Some(Answer::Failed(Failure::Called { doing, why, hint: None }));
            }
            let why = self.refusal.as_ref().filter(|_| matches!(query, Query::Shared(_)))?;
            Some(Answer::Failed(Failure::world("fetch it", why.as_str())))
        };
        self.world.begin(&[]);
        let unwritable = self.unwritable;
        let (reports, stops) = (RefCell::new(Vec::new()), Cell::new(0));
        let refuse = |world: &mut World, effect: &Effect| {
            stops.set(stops.get() + u32::from(matches!(effect, Effect::Run { role: Role::Stop, .. })));
            if let Effect::Put { bytes, .. } = effect {
                world.cut_off |= unwritable;
                reports.borrow_mut().push(String::from_utf8_lossy(bytes.reveal()).into_owned());
            }
        };
        let cut_off = self.world.cut_off;
        let mut host = Hooked::new(std::mem::take(&mut self.world), refuse, note);
        let end = drive(&*command, &mut host, &mut Facts::default());
        self.world = World { cut_off, ..host.world };
        self.reports.extend(reports.take());
        self.stops += stops.get();
        let End::Reported(report) = end else { panic!("{end:?}") };
        self.kept = report.memo.clone();
        self.world.pass(period_s * 1_000);
        (report, looked.get())
    }

    /// What its record says is wrong; empty when all is well.
    pub fn error(&self) -> String {
        let record = self.world.objects.get(&slave("one")).unwrap();
        match slave_state("the report", &String::from_utf8_lossy(&record.bytes)).unwrap().value.status {
            SlaveStatus::Ok => String::new(),
            SlaveStatus::Error(text) => text,
        }
    }

    /// When it was heard of last.
    pub fn reported(&self) -> Option<u64> {
        self.world.objects.get(&slave("one")).map(|object| object.modified)
    }
}
