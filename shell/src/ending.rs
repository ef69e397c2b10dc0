//! How a run ended, printed and logged.

use c2_core::seam::{End, FAILED, Failure, Output, Refusal};

use crate::{
    host::Machine,
    terminal::{failed, print, print_file, tell},
};

/// Prints how a run ended. The answer is the exit code.
pub(crate) fn told(end: End, machine: &Machine, logged: bool) -> u8 {
    let note = |text: &str| {
        if logged {
            machine.note(text);
        }
    };
    match end {
        End::Reported(report) => {
            let printed = match &report.output {
                Output::Text(text) => print(text),
                Output::Failure(text) => print(text).max(report.code),
                Output::File(path) => print_file(path),
            };
            for text in &report.notes {
                note(text);
                tell(text);
            }
            match (&report.failed, printed) {
                (Some(what), _) => {
                    note(&format!("failed: {what}"));
                    report.now.iter().for_each(|now| note(&format!("now: {now}")));
                    let tail = if machine.has_shown(&report.tail) { &[] } else { report.tail.as_slice() };
                    complain(what, tail, report.now.as_deref(), report.hint.as_deref());
                    report.code
                }
                (None, printed) => printed,
            }
        }
        End::Refused(refusal) => {
            note(&format!("refused: {refusal}"));
            refused(&refusal)
        }
        End::Interrupted(signal) => {
            let what = Failure::Interrupted(signal).to_string();
            note(&what);
            failed(&what, Some("c2 status shows what is live; the same command may be run again"));
            signal.exit_code()
        }
        End::Waits(_) | End::Gone => FAILED,
    }
}

/// Prints why a run was refused. The answer is the exit code.
pub(crate) fn refused(refusal: &Refusal) -> u8 {
    failed(&refusal.to_string(), refusal.hint())
}

/// Says how a run failed: the cause, how things stand now, and what to do next. Where nothing stands otherwise than
/// before, it reads like a refusal.
pub(crate) fn complain(what: &str, tail: &[String], now: Option<&str>, next: Option<&str>) {
    tell(&format!("c2: {what}"));
    if !tail.is_empty() {
        tell("    its last lines:");
    }
    tail.iter().for_each(|line| tell(&format!("      {line}")));
    now.iter().for_each(|now| tell(&format!("    now: {now}")));
    let next_is = if now.is_some() { "next: " } else { "" };
    next.iter().for_each(|next| tell(&format!("    {next_is}{next}")));
}
