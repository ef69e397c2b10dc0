//! `split <endpoint> <deploy> --percent N`

use crate::prelude::*;

use super::{
    super::{
        known_state::KnownState,
        reconcile::Reconcile,
        rendered::no_split,
        target::{Asked, Target, Upkeep},
    },
    Verb,
};
use crate::{
    config::{self, Deploy, DeployName, Label, Percent, Port, State},
    seam::{Purpose, Refusal},
};

/// A share of an endpoint goes to a second deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// The endpoint.
    pub endpoint: Label,
    /// The second deploy.
    pub deploy: DeployName,
    /// The share that goes to it.
    pub percent: Percent,
}

impl Verb for Split {
    fn target(&self) -> Target {
        let (endpoint, deploy) = (self.endpoint.clone(), self.deploy.clone());
        let purpose = Purpose::Split(endpoint.clone(), deploy.clone());
        Target { routes: Some(Asked { endpoint, deploy, share: true }), ..Target::switching(purpose, Upkeep::Run) }
    }

    fn command(&self) -> String {
        format!("c2 split {} {} --percent {}", self.endpoint, self.deploy, self.percent.get())
    }

    fn done(&self, _: &State, untouched: bool) -> String {
        let already = if untouched { " already" } else { "" };
        format!("{} % of the clients of {} go to {}{already}", self.percent.get(), self.endpoint, self.deploy)
    }

    fn planned(&self, _: &State) -> String {
        format!("{} % of the clients of {} are to go to {}", self.percent.get(), self.endpoint, self.deploy)
    }

    fn allows(&self, known: &KnownState<'_>) -> Result<(), Refusal> {
        self.main(known).map(drop)
    }

    fn judge(&self, r: &Reconcile<'_>, known: &KnownState<'_>) -> Result<Option<Port>, Refusal> {
        let main = self.main(known)?;
        if !r.seen.runs(&main.label, main)? {
            let why = format!("{}, which it is connected to, does not run", main.label);
            return Err(Refusal::no(format!("split {}", self.endpoint), why)
                .with_hint("start it again, or connect another deploy"));
        }
        r.may_be_proven(&self.deploy)?;
        Ok(None)
    }

    fn apply(&self, state: &mut State, _: Option<Port>) {
        let Split { endpoint, deploy, percent } = self;
        let extra = state.splits.remove(endpoint).map(|known| known.extra).unwrap_or_default();
        state.splits.insert(endpoint.clone(), config::Split { deploy: deploy.clone(), percent: *percent, extra });
    }
}

impl Split {
    /// The deploy that the endpoint is connected to. Refuses what is not a split: of an endpoint without a deploy, to no
    /// deploy or to that very one.
    fn main<'k>(&self, known: &'k KnownState<'_>) -> Result<&'k Deploy, Refusal> {
        let Split { endpoint, deploy, .. } = self;
        known.endpoint(endpoint, false)?;
        let what = format!("split {endpoint}");
        if let Some(path) = &known.proxy.nginx_conf_template_path {
            return Err(no_split(endpoint, path));
        }
        let Some(main) = known.state.connected(endpoint) else {
            return Err(Refusal::no(what, "it is not connected, so there is nothing to take a share of")
                .with_hint(format!("run c2 connect {endpoint} {deploy}")));
        };
        known.deploy(&what, deploy)?;
        if main.label == *deploy {
            return Err(Refusal::no(
                what,
                format!("it is connected to {deploy} already, so no second deploy takes a share"),
            )
            .with_hint(format!("name another deploy; c2 connect {endpoint} {deploy} ends a split")));
        }
        Ok(main)
    }
}
