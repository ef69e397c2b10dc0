//! The one loop: look, decide, perform, look again.

use crate::prelude::*;

use super::{Answer, Command, Effect, Facts, Failure, Outcome, Plan, Query, Refusal, Report, Signal, Step};

/// More steps than any command takes: beyond them it is going round in circles.
const STEPS: usize = 10_000;

/// How many times over a run that goes on after a pause waits for the lock.
const PATIENCE: usize = 30;

/// What a command runs on: the real machine, a simulated one, or one on which everything is supposed to succeed.
pub trait Host {
    /// The answers to these questions, in their order.
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer>;
    /// Performs one effect.
    ///
    /// # Errors
    /// The world said no.
    fn perform(&mut self, effect: &Effect) -> Result<(), Failure>;
    /// Lets so many milliseconds pass. False: none pass here (dry run), the wait is where it ends.
    fn pause(&mut self, ms: u32) -> bool;
    /// Monotonic clock, in ms; 0 where looks take no time.
    fn clock_ms(&mut self) -> u64 {
        0
    }
    /// Takes the lock at this path; where it may nest, the lock of the run that called it will do.
    ///
    /// # Errors
    /// Somebody else holds it and does not give it up.
    fn lock(&mut self, path: &str, may_nest: bool) -> Result<(), Failure>;
    /// Gives the lock up.
    fn unlock(&mut self);
    /// While on, a signal is only noted; else it ends this process at once.
    fn defer_signals(&mut self, on: bool);
    /// Whether a noted signal ends a command of a release that runs: not one that takes something back.
    fn forward_signals(&mut self, _signals: bool) {}
    /// The signal that was noted.
    fn interrupted(&self) -> Option<Signal>;
    /// Tells what is going on: progress, for the terminal and the log.
    fn say(&mut self, message: Message<'_>);
}

/// What is going on.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// A plan begins.
    Plan(&'a Plan),
    /// A stage of it begins.
    Stage(&'a str),
    /// An effect is performed.
    Effect(&'a Effect),
    /// Something failed and is being undone; how the run ends says why.
    Undo(&'a Failure),
    /// The undoing failed; how the run ends says why.
    Stuck(&'a Failure),
    /// Something went wrong that does not end the command.
    Trouble(&'a Failure),
    /// What is waited for.
    Wait(&'a str),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// By the command's own word.
    Reported(Report),
    /// By a refusal.
    Refused(Refusal),
    /// By a signal, after the undo.
    Interrupted(Signal),
    /// Where a dry run would have to wait.
    Waits(String),
    /// The process is gone (simulated hosts only).
    Gone,
}

/// Asks the host until `decide` has all it needs.
///
/// # Errors
/// What `decide` refuses.
pub fn settle<T>(
    host: &mut dyn Host,
    facts: &mut Facts,
    mut decide: impl FnMut(&Facts) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    loop {
        let decided = decide(facts);
        let noted = facts.take_noted();
        if noted.is_empty() {
            return decided;
        }
        // Whatever came out beside open questions does not count.
        let answers = host.answer(&noted);
        for (query, answer) in noted.into_iter().zip(answers) {
            facts.learn(query, answer);
        }
    }
}

/// Runs a command to its end.
pub fn drive(command: &dyn Command, host: &mut dyn Host, facts: &mut Facts) -> End {
    let lock = command.lock();
    let mut past = Vec::new();
    if let Some(path) = &lock
        && let Err(failure) = host.lock(path, command.may_nest())
    {
        return End::Refused(Refusal::World(failure));
    }
    let end = rounds(command, host, facts, &mut past, lock.as_deref());
    host.unlock();
    end
}

fn rounds(
    command: &dyn Command,
    host: &mut dyn Host,
    facts: &mut Facts,
    past: &mut Vec<Outcome>,
    lock: Option<&str>,
) -> End {
    let (mut steps, mut since_ms) = (0, host.clock_ms());
    while steps < STEPS {
        steps += 1;
        let without_lock = match settle(host, facts, |facts| command.next(facts, past)) {
            Err(Refusal::World(Failure::Interrupted(signal))) => return End::Interrupted(signal),
            Err(refusal) => return End::Refused(refusal),
            Ok(Step::Done(report)) => return End::Reported(report),
            Ok(Step::Wait { why, what, pause_ms, forget }) => {
                // Time passes, and with it what is waited for: that is not a circle.
                steps -= usize::from(pause_ms > 0);
                host.say(Message::Wait(&why));
                host.unlock();
                if !host.pause(pause_ms) {
                    return End::Waits(why);
                }
                match forget.is_empty() {
                    // The lock was given up meanwhile.
                    true => facts.forget_volatile(),
                    false => facts.forget(&forget),
                }
                // Also the looks before the pause took their time: what is waited for has had it.
                let now_ms = host.clock_ms();
                let spent_ms = u32::try_from(now_ms.saturating_sub(since_ms)).unwrap_or(u32::MAX);
                since_ms = now_ms;
                past.push(Outcome::Waited { ms: spent_ms.max(pause_ms), what, why });
                true
            }
            Ok(Step::Do(plan)) => {
                let without_lock = plan.without_lock;
                if without_lock {
                    host.unlock();
                }
                let Some(outcome) = perform(plan, host) else { return End::Gone };
                if let Outcome::Planned { failed: Some((_, Failure::Interrupted(signal))), .. } = &outcome {
                    return End::Interrupted(*signal);
                }
                if let Outcome::Planned { plan, .. } = &outcome {
                    facts.forget(&plan.outdates());
                }
                past.push(outcome);
                since_ms = host.clock_ms();
                facts.forget_volatile();
                without_lock
            }
        };
        if let (true, Some(path)) = (without_lock, lock)
            && let Err(failure) = lock_again(host, path, command.may_nest())
        {
            return End::Refused(Refusal::World(failure));
        }
    }
    End::Refused(Refusal::no("decide what to do", "it goes round in circles; this is a bug of c2"))
}

/// Takes the lock once more. What this run goes on with has begun long ago: it waits much longer than a new one would.
fn lock_again(host: &mut dyn Host, path: &str, may_nest: bool) -> Result<(), Failure> {
    let mut locked = host.lock(path, may_nest);
    for _ in 1..PATIENCE {
        if locked.is_ok() {
            break;
        }
        locked = host.lock(path, may_nest);
    }
    locked
}

/// Performs a plan as it stands; `None`: the process is gone.
fn perform(plan: Plan, host: &mut dyn Host) -> Option<Outcome> {
    host.defer_signals(true);
    host.say(Message::Plan(&plan));
    let mut trouble = Vec::new();
    let failed = match intend(&plan, host)? {
        // Nothing was begun: should the note be there all the same, the next look takes it up.
        Err(failure) => Some((String::from("note the intent"), failure)),
        Ok(()) => run_stages(&plan, host, &mut trouble)?,
    };
    let told = if failed.is_some() { Message::Stuck } else { Message::Trouble };
    trouble.iter().for_each(|failure| host.say(told(failure)));
    host.defer_signals(false);
    Some(Outcome::Planned { plan, failed, trouble })
}

fn intend(plan: &Plan, host: &mut dyn Host) -> Option<Result<(), Failure>> {
    let Some((path, intent)) = &plan.intent else { return Some(Ok(())) };
    all(host, &[Effect::Intend { path: path.clone(), intent: intent.clone() }], true)
}

/// Stage by stage to the first that fails, then the tidying or the undo. The answer: what failed.
fn run_stages(plan: &Plan, host: &mut dyn Host, trouble: &mut Vec<Failure>) -> Option<Option<(String, Failure)>> {
    for (index, stage) in plan.stages.iter().enumerate() {
        host.say(Message::Stage(&stage.title));
        let mut done = all(host, &stage.effects, true)?;
        // A signal that was noted while the last effect succeeded is heeded all the same.
        if let (true, Ok(()), Some(signal)) = (index + 1 == plan.stages.len(), &done, host.interrupted()) {
            done = Err(Failure::Interrupted(signal));
        }
        if let Err(failure) = done {
            if plan.stages.iter().take(index + 1).any(|stage| !stage.undo.is_empty()) {
                host.say(Message::Undo(&failure));
            }
            if backward(plan, index, host, trouble)? {
                forget(plan, host, trouble)?;
            }
            return Some(Some((stage.title.clone(), failure)));
        }
    }
    // It has happened: an intent that cannot be removed is a warning, and the next look takes it up.
    if forget(plan, host, trouble)? {
        all(host, &plan.tidy, false)?.unwrap_or_else(|failure| trouble.push(failure));
    }
    Some(None)
}

/// Undoes the stages up to this one, the last first. The first undo that fails ends the undoing: the intent stays
/// and the next look takes it up. True: wholly undone.
fn backward(plan: &Plan, stage: usize, host: &mut dyn Host, trouble: &mut Vec<Failure>) -> Option<bool> {
    for stage in plan.stages.iter().take(stage + 1).rev() {
        if let Err(failure) = all(host, &stage.undo, false)? {
            trouble.push(failure);
            return Some(false);
        }
    }
    Some(true)
}

fn forget(plan: &Plan, host: &mut dyn Host, trouble: &mut Vec<Failure>) -> Option<bool> {
    let Some((path, _)) = &plan.intent else { return Some(true) };
    match all(host, &[Effect::Forget(path.clone())], false)? {
        Ok(()) => Some(true),
        Err(failure) => {
            trouble.push(failure);
            Some(false)
        }
    }
}

/// All of these, to the first that fails; a signal counts as a failure where the effects can be interrupted.
fn all(host: &mut dyn Host, effects: &[Effect], interruptible: bool) -> Option<Result<(), Failure>> {
    host.forward_signals(interruptible);
    for effect in effects {
        // Whoever attends a command passes the signal on to it.
        let interruptible = interruptible && !matches!(effect, Effect::Attend { .. });
        if let (true, Some(signal)) = (interruptible, host.interrupted()) {
            return Some(Err(Failure::Interrupted(signal)));
        }
        host.say(Message::Effect(effect));
        match host.perform(effect) {
            Ok(()) => (),
            Err(Failure::Gone) => return None,
            Err(failure) => return Some(Err(failure)),
        }
    }
    Some(Ok(()))
}
