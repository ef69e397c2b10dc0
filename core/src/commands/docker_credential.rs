//! `docker-credential`: the protocol by which docker asks a helper for the login to a registry, for those of Amazon ECR.
//!
//! Source: the README of docker-credential-helpers, section "Development", and the messages in its
//! `credentials/error.go`. Docker reads standard output also of a helper that fails.

use crate::prelude::*;

use crate::deploy::utf8;
use crate::{
    aws::{REGISTRY_USER, Registries, RegistryHost},
    seam::{Command, Facts, Outcome, Output, Refusal, Report, Settled as _, Step},
};
use serde_json::{Map, Value, json};

/// By this message docker knows that the helper has nothing against a registry, and goes on without a login.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// Docker's own message for a question that names no registry.
const NO_SERVER: &str = "no credentials server URL";

/// What docker asks of a helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DockerCredential {
    /// A fresh login to the registry that standard input names.
    Get,
    /// The registries that there is a login to.
    List,
    /// To keep a login. For a registry of Amazon ECR that is as good as done.
    Store,
    /// To forget one, which is done: none is kept.
    Erase,
}

impl DockerCredential {
    /// The verbs by their names.
    pub const VERBS: [(&str, DockerCredential); 4] = [
        ("get", DockerCredential::Get),
        ("list", DockerCredential::List),
        ("store", DockerCredential::Store),
        ("erase", DockerCredential::Erase),
    ];

    /// What docker reads; inside, what it reads of a failure.
    fn said(self, facts: &Facts) -> Result<Result<String, String>, Refusal> {
        let failed = |why: &str| Ok(Err(why.to_string()));
        match self {
            DockerCredential::Erase => Ok(Ok(String::new())),
            DockerCredential::List => {
                let logins = facts.logins(&Registries::OfAccounts(Vec::new()))?;
                let mut listed = Map::new();
                listed.extend(logins.iter().map(|login| (format!("https://{}", login.host), REGISTRY_USER.into())));
                Ok(Ok(Value::Object(listed).to_string()))
            }
            DockerCredential::Store => {
                let input = input(facts)?;
                // Never the parser's own words: they may quote the secret.
                let url = serde_json::from_str::<Map<String, Value>>(&input).ok();
                let url = url.as_ref().and_then(|members| members.get("ServerURL")?.as_str()).unwrap_or_default();
                match RegistryHost::parse(url) {
                    _ if url.is_empty() => failed(NO_SERVER),
                    Some(_) => Ok(Ok(String::new())),
                    None => failed("c2 keeps no logins: it makes a fresh one to registries of Amazon ECR each time"),
                }
            }
            DockerCredential::Get => {
                let input = input(facts)?;
                let url = input.trim();
                if url.is_empty() {
                    return failed(NO_SERVER);
                }
                let Some(host) = RegistryHost::parse(url) else { return failed(NOT_FOUND) };
                let logins = facts.logins(&Registries::At(host))?;
                let Some(login) = logins.first() else { return failed(NOT_FOUND) };
                let secret = utf8("the password of a registry", login.password.reveal())?;
                Ok(Ok(json!({ "ServerURL": url, "Username": REGISTRY_USER, "Secret": secret }).to_string()))
            }
        }
    }
}

impl Command for DockerCredential {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let said = match self.said(facts).known()? {
            Err(refusal) => {
                let hint = refusal.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                Err(format!("{refusal}{hint}"))
            }
            Ok(said) => said,
        };
        Ok(Step::Done(match said {
            Ok(text) if text.is_empty() => Report::text(""),
            Ok(text) => Report::text(format!("{text}\n")),
            Err(text) => Report { output: Output::Failure(format!("{text}\n")), ..Report::text("") },
        }))
    }
}

fn input(facts: &Facts) -> Result<String, Refusal> {
    let input = facts.input()?;
    let bytes = input.as_ref().map_or(&[][..], |content| content.bytes.reveal());
    utf8("what docker asks", bytes).map(ToString::to_string)
}

#[cfg(all(test, feature = "world"))]
mod tests {
    use super::*;
    use crate::{
        seam::{End, drive},
        world::World,
    };

    const HOST: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

    fn run(verb: DockerCredential, input: &str) -> Output {
        let mut world = World { input: input.into(), ..World::default() };
        match drive(&verb, &mut world, &mut Facts::default()) {
            End::Reported(report) => report.output,
            other => panic!("{other:?}"),
        }
    }

    fn failure(text: &str) -> Output {
        Output::Failure(format!("{text}\n"))
    }

    #[test]
    fn get_gives_a_login_to_a_registry_of_ecr_under_the_name_it_was_asked_by() {
        for url in [HOST.to_string(), format!("https://{HOST}"), format!("{HOST}\n")] {
            let Output::Text(text) = run(DockerCredential::Get, &url) else { panic!("{url}") };
            let given: Value = serde_json::from_str(&text).unwrap();
            let secret = "password-of-123456789012-eu-west-1";
            assert_eq!(given, json!({ "ServerURL": url.trim(), "Username": "AWS", "Secret": secret }));
        }
    }

    #[test]
    fn get_knows_nothing_of_any_other_registry_in_dockers_own_words() {
        for url in ["https://index.docker.io/v1/", "ghcr.io", "localhost:5000", "public.ecr.aws"] {
            assert_eq!(run(DockerCredential::Get, url), failure("credentials not found in native keychain"));
        }
        assert_eq!(run(DockerCredential::Get, " \n"), failure("no credentials server URL"));
    }

    #[test]
    fn list_names_the_registry_of_this_machines_account() {
        let listed = "{\"https://123456789012.dkr.ecr.us-east-1.amazonaws.com\":\"AWS\"}\n";
        assert_eq!(run(DockerCredential::List, "unused"), Output::Text(listed.into()));
    }

    #[test]
    fn store_is_as_good_as_done_for_a_registry_of_ecr_and_refused_for_others_without_their_secret() {
        let of = |url: &str| json!({ "ServerURL": url, "Username": "u", "Secret": "hidden" }).to_string();
        assert_eq!(run(DockerCredential::Store, &of(HOST)), Output::Text(String::new()));
        let refused = "c2 keeps no logins: it makes a fresh one to registries of Amazon ECR each time";
        assert_eq!(run(DockerCredential::Store, &of("ghcr.io")), failure(refused));
        assert_eq!(run(DockerCredential::Store, "hidden"), failure("no credentials server URL"));
    }

    #[test]
    fn erase_is_done_whatever_it_names() {
        for url in [HOST, "ghcr.io", ""] {
            assert_eq!(run(DockerCredential::Erase, url), Output::Text(String::new()));
        }
    }

    #[test]
    fn what_aws_says_of_a_failure_is_what_docker_reads() {
        let mut world = World { input: HOST.into(), unanswered: Some(2), ..World::default() };
        let end = drive(&DockerCredential::Get, &mut world, &mut Facts::default());
        let End::Reported(Report { output: Output::Failure(text), failed: None, code: 1, .. }) = end else {
            panic!("{end:?}")
        };
        assert!(text.contains("injected"), "{text}");
    }
}
