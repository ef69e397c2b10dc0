//! `slave-update --repeat`: one round after the other, for ever, whatever goes wrong in one of them.

use std::{
    thread,
    time::{Duration, Instant},
};

use c2_core::{
    commands::{Options, Request, load_config},
    config::{Positive, ToolConfig},
    s3::without_request_id,
    seam::{End, Facts, Refusal, drive, settle},
};

use crate::{aws::random, host::Machine, memory, run::told, terminal::tell};

/// Follows the master every so many seconds until a signal ends it. The answer is the exit code.
pub(crate) fn repeat(machine: &mut Machine, options: &Options, period_s: Positive) -> u8 {
    memory::share();
    let mut source = Source::new(machine);
    let mut kept = None;
    loop {
        if let Some(config) = source.read(machine) {
            let misconfigured = source.trouble.clone();
            let request = Request::SlaveUpdate { repeat_s: Some(period_s), kept: kept.clone(), misconfigured };
            let command = request.command(config.clone(), options);
            machine.prepare(&config, command.as_ref().ok().map(AsRef::as_ref));
            match command {
                Err(refusal) => drop(told(End::Refused(refusal), machine, true)),
                Ok(command) => {
                    let end = drive(&*command, machine, &mut Facts::default());
                    match &end {
                        End::Reported(report) => kept = report.kept.clone(),
                        // Asked to end, it has gone back to where this round began: all is well.
                        End::Interrupted(_) => {
                            told(end, machine, true);
                            return 0;
                        }
                        _ => (),
                    }
                    told(end, machine, true);
                }
            }
            machine.end();
            memory::give_back();
        }
        thread::sleep(jittered(period_s.get()));
    }
}

/// The period, up to a tenth more or less, so that machines which booted together do not ask together.
fn jittered(period_s: u32) -> Duration {
    let period_ms = u64::from(period_s) * 1_000;
    Duration::from_millis(period_ms * 9 / 10 + random() % (period_ms / 5 + 1))
}

/// Where the configuration comes from: a file is read in every round, an object with every heartbeat.
struct Source {
    is_object: bool,
    read_at: Instant,
    config: Option<ToolConfig>,
    /// Why it cannot be read, where that is no fault of the store, which may answer the next time.
    trouble: Option<String>,
    /// The last failure that was told.
    told: Option<String>,
}

impl Source {
    fn new(machine: &Machine) -> Self {
        let named = machine.config_name();
        let is_object = named.is_some_and(|name| name.starts_with("s3://"));
        Source { is_object, read_at: Instant::now(), config: None, trouble: None, told: None }
    }

    /// The configuration; while it cannot be read, as it was.
    fn read(&mut self, machine: &mut Machine) -> Option<ToolConfig> {
        if let (true, Some(config)) = (self.is_object, &self.config)
            && self.read_at.elapsed() < Duration::from_secs(config.slave_heartbeat_s.get().into())
        {
            return self.config.clone();
        }
        self.read_at = Instant::now();
        let told_before = self.told.take();
        match settle(machine, &mut Facts::default(), load_config) {
            Ok(parsed) if self.config.as_ref() == Some(&parsed.value) => self.trouble = None,
            Ok(parsed) => {
                self.trouble = None;
                parsed.warnings.iter().for_each(|warning| tell(&format!("c2: warning: {warning}")));
                self.config = Some(parsed.value);
            }
            Err(refusal) => {
                let why = without_request_id(&refusal.to_string());
                if !(self.is_object && matches!(refusal, Refusal::World(_))) {
                    self.trouble = Some(format!("{why}; this machine goes by the configuration that it had"));
                }
                // The same again and again is told once.
                if told_before.as_ref() != Some(&why) {
                    told(End::Refused(refusal), machine, true);
                }
                self.told = Some(why);
            }
        }
        self.config.clone()
    }
}
