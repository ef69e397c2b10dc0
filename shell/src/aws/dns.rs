//! Texts in DNS through Route 53: changed, and waited for until all of its name servers have them.

use std::{
    thread,
    time::{Duration, Instant},
};

use c2_core::{
    aws::TextChange,
    seam::{Effect, Failure},
};

use crate::{answer::aws_failure, host::Machine};

/// The pause between two looks at a change.
const PAUSE: Duration = Duration::from_secs(2);

impl Machine {
    /// Changes the TXT records of a name.
    pub(crate) fn change_text(
        &self,
        effect: &Effect,
        zone: &str,
        name: &str,
        change: &TextChange,
        wait_s: Option<u32>,
    ) -> Result<(), Failure> {
        let (doing, aws) = (effect.to_string(), self.s3.aws());
        let failed = |failure| aws_failure(&doing, &failure);
        let taken = aws.change_text(zone, name, change).map_err(failed)?;
        let Some(mut taken) = taken else { return Err(Failure::Overtaken { doing }) };
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
            taken = aws.progress(&taken.id).map_err(failed)?;
        }
        Ok(())
    }
}
