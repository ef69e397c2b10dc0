//! The other services of AWS as the core asks them: who this instance is, logins to Amazon ECR, texts in DNS through
//! Route 53, changed and waited for until all of its name servers have them.

use std::{
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use c2_core::{
    aws::{self, Login, Registries, TextChange, TextRecord},
    seam::{Effect, Failure},
};

use super::s3::S3;
use crate::signals::Signals;

/// The pause between two looks at a change.
const PAUSE: Duration = Duration::from_secs(2);

/// The services, with the credentials that S3 is asked with.
pub(crate) struct Services {
    s3: Rc<S3>,
    signals: Rc<Signals>,
}

impl Services {
    /// The services of this environment. Asks nothing yet.
    pub(crate) fn new(s3: &Rc<S3>, signals: &Rc<Signals>) -> Self {
        Services { s3: Rc::clone(s3), signals: Rc::clone(signals) }
    }

    /// The time by the clocks of the services that were heard so far, else by this machine's.
    pub(crate) fn now_s(&self) -> u64 {
        self.s3.aws().now_s()
    }

    /// The id of this EC2 instance.
    pub(crate) fn instance_id(&self) -> Result<String, Failure> {
        let id = self.s3.aws().instance_id();
        id.map_err(failed("find the id of this instance, which is its label as a slave"))
    }

    /// The id of the public zone that a name is in.
    pub(crate) fn hosted_zone(&self, name: &str) -> Result<Option<String>, Failure> {
        self.s3.aws().hosted_zone(name).map_err(failed("ask Route 53"))
    }

    /// The TXT records of a name in a zone.
    pub(crate) fn text_record(&self, zone: &str, name: &str) -> Result<Option<TextRecord>, Failure> {
        self.s3.aws().text_record(zone, name).map_err(failed("ask Route 53"))
    }

    /// Logins to docker registries.
    pub(crate) fn logins(&self, registries: &Registries) -> Result<Vec<Login>, Failure> {
        self.s3.aws().logins(registries).map_err(failed("log in to Amazon ECR"))
    }

    /// Changes the TXT records of a name.
    pub(crate) fn change_text(
        &self,
        effect: &Effect,
        zone: &str,
        name: &str,
        change: &TextChange,
        wait_s: Option<u32>,
    ) -> Result<(), Failure> {
        let (doing, services) = (effect.to_string(), self.s3.aws());
        let failed = |failure: aws::Failure| Failure::world(&*doing, failure.to_string());
        let taken = services.change_text(zone, name, change).map_err(failed)?;
        let Some(mut taken) = taken else { return Err(Failure::Conflict { doing }) };
        let Some(wait_s) = wait_s else { return Ok(()) };
        let until = Instant::now() + Duration::from_secs(wait_s.into());
        while !taken.everywhere {
            if let Some(signal) = self.signals.heeded() {
                return Err(Failure::Interrupted(signal));
            }
            if Instant::now() >= until {
                return Err(Failure::World {
                    doing,
                    why: format!("not on all name servers of Route 53 after {wait_s} s"),
                    hint: Some(format!("see how it stands: aws route53 get-change --id {}", taken.id)),
                });
            }
            thread::sleep(PAUSE);
            taken = services.progress(&taken.id).map_err(failed)?;
        }
        Ok(())
    }
}

/// A failure of AWS, with every source of credentials that was looked at.
fn failed(doing: &'static str) -> impl FnOnce(aws::Failure) -> Failure {
    move |failure| Failure::world(doing, failure.to_string())
}
