//! `aws-docker-login-cmd`: docker is logged in to registries of Amazon ECR with this machine's identity.

use crate::prelude::*;

use crate::deploy::utf8;
use crate::{
    aws::{Login, REGISTRY_USER, Registries, is_account},
    seam::{Command, Effect, Facts, Outcome, Plan, Refusal, Report, Stage, Step},
};

/// The longest that docker may take over a login: it asks the registry.
const LIMIT_S: u32 = 60;

/// `aws-docker-login-cmd [REGISTRY_ID...] [--print]`. Standard output stays empty without `--print`, so that scripts
/// which run what it prints go on working. It needs no configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerLogin {
    /// The accounts whose registries are meant; without any, that of this machine's own.
    pub registries: Vec<String>,
    /// Whether the commands that would log docker in are printed, passwords and all, and none is run.
    pub print: bool,
}

impl Command for DockerLogin {
    fn next(&self, facts: &Facts, past: &[Outcome]) -> Result<Step, Refusal> {
        if let Some(other) = self.registries.iter().find(|registry| !is_account(registry)) {
            let why = format!("{other:?} is not the id of a registry: it is the twelve digits of an account");
            return Err(Refusal::no("log docker in to Amazon ECR", why));
        }
        let mut accounts: Vec<String> = Vec::new();
        for account in &self.registries {
            if !accounts.contains(account) {
                accounts.push(account.clone());
            }
        }
        let logins = facts.logins(&Registries::OfAccounts(accounts))?;
        let hosts: Vec<&str> = logins.iter().map(|login| login.host.as_str()).collect();
        match past.last() {
            _ if self.print => {
                let lines: Result<Vec<String>, Refusal> = logins.iter().map(command_line).collect();
                Ok(Step::Done(Report::text(lines?.concat())))
            }
            None => {
                let about = format!("log docker in to {}", hosts.join(", "));
                Ok(Step::Do(Plan::new(about, vec![Stage::new("log in", logins.iter().map(call).collect())])))
            }
            Some(Outcome::Planned { failed: Some((_, failure)), .. }) => {
                let text = past.last().and_then(Outcome::failure_text).unwrap_or_default();
                Ok(Step::Done(Report::failed(text, failure.hint())))
            }
            Some(_) => {
                let note = format!("docker is logged in to {} for twelve hours", hosts.join(", "));
                Ok(Step::Done(Report::note(note)))
            }
        }
    }
}

/// The password goes through standard input: whoever sees the processes of this machine sees no secret.
fn call(login: &Login) -> Effect {
    let arguments = ["login", "--username", REGISTRY_USER, "--password-stdin", &login.host];
    Effect::Call {
        program: "docker".to_string(),
        arguments: arguments.map(ToString::to_string).into(),
        input: login.password.clone(),
        limit_s: LIMIT_S,
        shown: false,
    }
}

/// The command as the older tool printed it.
fn command_line(login: &Login) -> Result<String, Refusal> {
    let password = utf8("the password of a registry", login.password.reveal())?;
    Ok(format!("docker login -u {REGISTRY_USER} -p {password} {}\n", login.host))
}

#[cfg(all(test, feature = "world"))]
mod tests {
    use super::*;
    use crate::{
        seam::{End, Output, drive},
        world::{InjectedFault, World},
    };

    fn run(registries: &[&str], print: bool, world: &mut World) -> Report {
        let command = DockerLogin { registries: registries.iter().map(ToString::to_string).collect(), print };
        match drive(&command, world, &mut Facts::default()) {
            End::Reported(report) => report,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn docker_reads_the_password_of_each_registry_and_nothing_is_printed() {
        let mut world = World::default();
        let report = run(&["111122223333", "444455556666", "111122223333"], false, &mut world);
        assert_eq!(report.output, Output::Text(String::new()));
        let of = |account: &str| {
            let arguments = format!("login --username AWS --password-stdin {account}.dkr.ecr.us-east-1.amazonaws.com");
            let password = format!("password-of-{account}-us-east-1");
            (format!("call docker {arguments} with {} bytes for it to read", password.len()), password.into_bytes())
        };
        assert_eq!(world.calls, [of("111122223333"), of("444455556666")]);
        assert!(report.notes[0].contains("logged in to 111122223333.dkr"), "{report:?}");
    }

    #[test]
    fn print_gives_the_command_of_the_older_tool_and_runs_none() {
        let mut world = World::default();
        let report = run(&[], true, &mut world);
        let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        let line = format!("docker login -u AWS -p password-of-123456789012-us-east-1 {host}\n");
        assert_eq!((report.output, world.calls), (Output::Text(line), vec![]));
    }

    #[test]
    fn what_is_no_account_is_refused_before_anything_is_asked() {
        for wrong in ["", "123", "12345678901a", "1234567890123", "-23456789012"] {
            let command = DockerLogin { registries: vec!["123456789012".into(), wrong.into()], print: false };
            let mut world = World::default();
            let end = drive(&command, &mut world, &mut Facts::default());
            assert!(matches!(end, End::Refused(Refusal::No { .. })), "{wrong}: {end:?}");
            assert_eq!(world.asked, 0);
        }
    }

    #[test]
    fn a_login_that_fails_says_to_which_registry_and_shows_no_password() {
        let mut world = World { faults: vec![(2, InjectedFault::Clean)], ..World::default() };
        let report = run(&["111122223333", "444455556666"], false, &mut world);
        let text = report.failed.unwrap();
        assert!(text.contains("444455556666.dkr.ecr") && !text.contains("password-of"), "{text}");
    }
}
