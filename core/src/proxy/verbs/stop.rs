//! `stop <deploy>`

use crate::prelude::*;

use super::{
    super::{known_state::KnownState, target::Target},
    Verb,
};
use crate::{
    config::{DeployName, Label, Port, State},
    seam::{Purpose, Refusal},
};

/// A deploy is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The deploy.
    pub deploy: DeployName,
}

impl Verb for Stop {
    fn target(&self) -> Target {
        Target { stops: Some(self.deploy.clone()), ..Target::new(Purpose::StopDeploy(self.deploy.clone())) }
    }

    fn command(&self) -> String {
        format!("c2 stop {}", self.deploy)
    }

    fn done(&self, _: &State, _: bool) -> String {
        format!("{} is stopped", self.deploy)
    }

    fn planned(&self, _: &State) -> String {
        format!("{} is to be stopped", self.deploy)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        let (deploy, what) = (&self.deploy, format!("stop the deploy {}", self.deploy));
        known.deploy(&what, deploy)?;
        let state = known.state;
        let connected = state.connections.iter().filter(|(_, to)| *to == deploy);
        let names: Vec<&str> = connected.map(|(endpoint, _)| endpoint.as_str()).collect();
        let takes_share = |endpoint: &&Label| state.split(endpoint).is_some_and(|(second, _)| second.label == *deploy);
        if let (true, Some(endpoint)) = (names.is_empty(), state.splits.keys().find(takes_share)) {
            let main = state.connections.get(endpoint).filter(|_| known.proxy.end_points.contains_key(endpoint));
            let cure = match main {
                Some(main) => format!("connect {endpoint} {main}"),
                None => format!("disconnect {endpoint}"),
            };
            return Err(Refusal::no(what, format!("a share of {endpoint} goes to it"))
                .with_hint(format!("run c2 {cure} first, which ends the split")));
        }
        match names.first() {
            None => Ok(()),
            Some(first) => Err(Refusal::no(what, format!("connected to it: {}", names.join(", ")))
                .with_hint(format!("connect another deploy first, or run c2 disconnect {first}"))),
        }
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        state.deploys.remove(&self.deploy);
    }
}
