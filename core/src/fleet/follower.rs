//! `slave-update --repeat`: one round after the other, for ever, whatever goes wrong in one of them. What a round goes by,
//! what of it is told, and when the next one begins.

use crate::prelude::*;

use crate::{
    aws::s3::without_request_id,
    config::{Parsed, Positive, Problem, ToolConfig},
    seam::{End, Memo, Refusal},
};

/// A machine that follows the master for as long as it runs.
#[derive(Debug)]
pub struct Follower {
    period_s: Positive,
    /// Whether the configuration is an object; else it is a file.
    is_object: bool,
    config: Option<ToolConfig>,
    /// When it was read, by the monotonic clock.
    read_at_ms: u64,
    misconfigured: Option<String>,
    /// The last failure to read it that was told.
    told: Option<String>,
    kept: Option<Memo>,
}

/// What is to be told of a look at the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It is another one, with these warnings.
    Changed(Vec<Problem>),
    /// It cannot be read.
    Unread(Refusal),
}

/// What a round goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// The configuration.
    pub config: ToolConfig,
    /// What the round before has kept.
    pub kept: Option<Memo>,
    /// Why the configuration cannot be read any more, where not the store is at fault, which may answer the next time.
    pub misconfigured: Option<String>,
}

impl Follower {
    /// Follows every so many seconds, by the configuration of this name where one is given.
    #[must_use]
    pub fn new(period_s: Positive, config_name: Option<&str>) -> Self {
        Follower {
            period_s,
            is_object: config_name.is_some_and(|name| name.starts_with("s3://")),
            config: None,
            read_at_ms: 0,
            misconfigured: None,
            told: None,
            kept: None,
        }
    }

    /// Whether the configuration is read before this round: a file is in every round, an object with every heartbeat.
    #[must_use]
    pub fn reads_config(&self, now_ms: u64) -> bool {
        match &self.config {
            Some(config) if self.is_object => {
                now_ms.saturating_sub(self.read_at_ms) >= u64::from(config.slave_heartbeat_s.get()) * 1_000
            }
            _ => true,
        }
    }

    /// Takes what came of reading the configuration; one that cannot be read stays as it was. The answer: what is to be
    /// told. The same again and again is told once.
    pub fn read(&mut self, found: Result<Parsed<ToolConfig>, Refusal>, now_ms: u64) -> Option<Told> {
        self.read_at_ms = now_ms;
        let told_before = self.told.take();
        match found {
            Ok(parsed) => {
                self.misconfigured = None;
                let is_other = self.config.as_ref() != Some(&parsed.value);
                self.config = Some(parsed.value);
                is_other.then_some(Told::Changed(parsed.warnings))
            }
            Err(refusal) => {
                let why = without_request_id(&refusal.to_string());
                if !(self.is_object && matches!(refusal, Refusal::World(_))) {
                    self.misconfigured = Some(format!("{why}; this machine goes by the configuration that it had"));
                }
                let is_told = told_before.as_ref() == Some(&why);
                self.told = Some(why);
                (!is_told).then_some(Told::Unread(refusal))
            }
        }
    }

    /// Takes the copy of the configuration, where none was read yet and its store does not answer.
    pub fn read_copy(&mut self, copy: Parsed<ToolConfig>, refusal: &Refusal) {
        let why = without_request_id(&refusal.to_string());
        self.misconfigured = Some(format!("{why}; this machine goes by the copy of the last one that it read"));
        self.config = Some(copy.value);
    }

    /// What the next round goes by; `None` while there is no configuration.
    #[must_use]
    pub fn basis(&self) -> Option<Basis> {
        let (kept, misconfigured) = (self.kept.clone(), self.misconfigured.clone());
        self.config.clone().map(|config| Basis { config, kept, misconfigured })
    }

    /// Takes how a round ended. Whether another one follows: it does not after a signal, which has gone back to where the
    /// round began, so that all is well.
    pub fn goes_on(&mut self, end: &End) -> bool {
        if let End::Reported(report) = end {
            self.kept.clone_from(&report.memo);
        }
        !matches!(end, End::Interrupted(_))
    }

    /// The pause before the next round in milliseconds: the period, up to a tenth more or less, so that machines which
    /// booted together do not ask together. `random` is any number; it picks the length.
    #[must_use]
    pub fn pause_ms(&self, random: u64) -> u64 {
        let period_ms = u64::from(self.period_s.get()) * 1_000;
        period_ms * 9 / 10 + random % (period_ms / 5 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Syntax, tool_config},
        seam::{Failure, Report, Signal},
    };

    fn follower(config_name: &str) -> Follower {
        Follower::new(Positive::new(10).unwrap(), Some(config_name))
    }

    fn config(more: &str) -> Parsed<ToolConfig> {
        let text = format!(r#"{{"releases": {{"localdir": "/srv/releases"}}{more}}}"#);
        tool_config("config.json", &text, Syntax::Json).unwrap()
    }

    fn no_answer(request: &str) -> Refusal {
        Refusal::World(Failure::world("fetch s3://b/config.json", format!("503 (request id {request})")))
    }

    fn goes_by(follower: &Follower) -> (Option<ToolConfig>, Option<String>) {
        follower.basis().map_or((None, None), |round| (Some(round.config), round.misconfigured))
    }

    #[test]
    fn a_file_is_read_in_every_round_and_an_object_with_every_heartbeat() {
        let (mut file, mut object) = (follower("/etc/c2.json"), follower("s3://b/c2.json"));
        for follower in [&mut file, &mut object] {
            assert!(follower.reads_config(0) && follower.basis().is_none());
            let found = config(r#", "slaveHeartbeatSecs": 60"#);
            let expected = (Some(found.value.clone()), None);
            assert_eq!(follower.read(Ok(found), 1_000), Some(Told::Changed(Vec::new())));
            assert_eq!(goes_by(follower), expected);
        }
        assert!(file.reads_config(1_001) && !object.reads_config(60_999) && object.reads_config(61_000));
    }

    #[test]
    fn a_configuration_is_told_when_it_changes_and_not_otherwise() {
        let mut follower = follower("/etc/c2.json");
        let doubtful = || config(r#", "deployDir": "/opt""#);
        let told = follower.read(Ok(doubtful()), 0);
        assert!(matches!(told, Some(Told::Changed(warnings)) if warnings.len() == 1));
        assert_eq!(follower.read(Ok(doubtful()), 0), None);
        let other = config(r#", "slaveHeartbeatSecs": 60"#);
        assert_eq!(follower.read(Ok(other), 0), Some(Told::Changed(Vec::new())));
    }

    #[test]
    fn what_cannot_be_read_is_told_once_and_followed_as_it_was() {
        let mut follower = follower("/etc/c2.json");
        let good = config("");
        follower.read(Ok(good.clone()), 0);
        let broken = Refusal::no("read the configuration", "line 1: expected a value");
        assert_eq!(follower.read(Err(broken.clone()), 0), Some(Told::Unread(broken.clone())));
        assert_eq!(follower.read(Err(broken.clone()), 0), None);
        let why =
            "read the configuration: line 1: expected a value; this machine goes by the configuration that it had";
        assert_eq!(goes_by(&follower), (Some(good.value.clone()), Some(why.to_string())));
        assert_eq!(follower.read(Ok(good.clone()), 0), None, "it is the one that is followed");
        assert_eq!(goes_by(&follower), (Some(good.value), None));
        assert_eq!(follower.read(Err(broken.clone()), 0), Some(Told::Unread(broken)), "it was well in between");
    }

    #[test]
    fn a_store_that_does_not_answer_makes_no_configuration_wrong() {
        let mut object = follower("s3://b/config.json");
        object.read(Ok(config("")), 0);
        assert_eq!(object.read(Err(no_answer("1")), 0), Some(Told::Unread(no_answer("1"))));
        assert_eq!(goes_by(&object).1, None);
        let mut file = follower("/mnt/config.json");
        assert!(file.read(Err(no_answer("1")), 0).is_some() && file.basis().is_none());
        file.read(Ok(config("")), 0);
        file.read(Err(no_answer("1")), 0);
        assert!(goes_by(&file).1.is_some(), "a file that cannot be read will not mend itself");
    }

    #[test]
    fn a_round_goes_on_whatever_went_wrong_but_for_a_signal() {
        let mut follower = follower("/etc/c2.json");
        for end in [End::Reported(Report::failed("x", None)), End::Refused(no_answer("1")), End::Gone] {
            assert!(follower.goes_on(&end));
        }
        assert!(!follower.goes_on(&End::Interrupted(Signal::Terminate)));
    }

    #[test]
    fn rounds_are_a_period_apart_up_to_a_tenth() {
        let follower = follower("/etc/c2.json");
        assert_eq!((follower.pause_ms(0), follower.pause_ms(2_000), follower.pause_ms(2_001)), (9_000, 11_000, 9_000));
    }
}
