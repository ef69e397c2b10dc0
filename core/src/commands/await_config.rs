//! What `fetch-context --retry` does first: it waits for a configuration that is to come from S3.

use crate::prelude::*;

use super::{
    fetch_context::PAUSE_MS,
    load_config::{location, named},
};
use crate::seam::{Command, Facts, Failure, Location, Outcome, Query, Refusal, Report, Step, WaitFor};

/// Waits until the object that names the configuration is there and may be read; a file is not waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AwaitConfig;

impl Command for AwaitConfig {
    fn next(&self, facts: &Facts, _: &[Outcome]) -> Result<Step, Refusal> {
        let done = Ok(Step::Done(Report::text("")));
        let Some(at @ Location::Object { .. }) = named(facts)?.map(|name| location(&name)).transpose()? else {
            return done;
        };
        let why = match facts.content(&at) {
            Ok(Some(_)) => return done,
            Ok(None) => String::new(),
            Err(Refusal::World(Failure::NotYet { why, .. })) => format!(": {why}"),
            Err(refusal) => return Err(refusal),
        };
        Ok(Step::Wait {
            what: WaitFor::Look,
            why: format!("waiting for what is not there yet: the configuration ({at}{why})"),
            pause_ms: PAUSE_MS,
            forget: vec![Query::Content(at)],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commands::CONFIG_VARIABLE, seam::Answer};

    #[test]
    fn an_object_is_waited_for_until_it_is_there_and_a_file_is_not() {
        let next = |name: &str, answer: Option<Answer>| {
            let mut facts = Facts::default();
            facts.learn(Query::Environment(CONFIG_VARIABLE.into()), Answer::Text(Some(name.into())));
            if let Some(answer) = answer {
                facts.learn(Query::Content(location(name).unwrap()), answer);
            }
            AwaitConfig.next(&facts, &[])
        };
        let waits = |answer| match next("s3://bkt/c.json", Some(answer)) {
            Ok(Step::Wait { why, .. }) => why,
            other => format!("{other:?}"),
        };
        assert_eq!(
            waits(Answer::Content(None)),
            "waiting for what is not there yet: the configuration (s3://bkt/c.json)"
        );
        let not_yet = Failure::NotYet { doing: "fetch it".into(), why: "no permission yet".into() };
        assert!(waits(Answer::Failed(not_yet)).ends_with("the configuration (s3://bkt/c.json: no permission yet)"));
        let broken = next("s3://bkt/c.json", Some(Answer::Failed(Failure::world("fetch it", "no"))));
        assert!(matches!(broken, Err(Refusal::World(_))));
        assert!(matches!(next("s3://bkt/c.json", None), Err(Refusal::Unknown)));
        assert!(matches!(next("/etc/c.json", None), Ok(Step::Done(_))));
    }
}
