//! One run of the program: the configuration, the command, what is printed, the exit code.

use c2_core::{
    commands::{Dispatch, Options, Request},
    seam::{Command, End, FAILED, Facts, Failure, Output, Refusal, Report, Supposed, drive},
};

use crate::{
    host::Machine,
    repeat::repeat,
    terminal::{failed, print, print_file, tell},
};

/// Runs a request on this machine, by the configuration of this name where one is given. The answer is the exit code.
pub fn run(request: &Request, options: &Options, config: Option<&str>) -> u8 {
    let mut machine = match Machine::new(options, config) {
        Ok(machine) => machine,
        Err(error) => return failed(&format!("take over the signals: {error}"), None),
    };
    if let (Request::SlaveUpdate { repeat_s: Some(period_s), .. }, false) = (request, options.dry_run) {
        return repeat(&mut machine, options, *period_s);
    }
    let Dispatch { config, warnings, command } = request.dispatch(&mut machine, options);
    warnings.iter().for_each(|warning| tell(&format!("c2: warning: {warning}")));
    let command = match command {
        Ok(command) => command,
        Err(end) => return told(end, &machine, false),
    };
    let Some(config) = config else {
        if !command.shows_progress() {
            machine.be_quiet();
        }
        return told(drive(&*command, &mut machine, &mut Facts::default()), &machine, false);
    };
    machine.prepare(&config, (!options.dry_run).then_some(&*command));
    if options.dry_run {
        return dry_run(&*command, &mut machine);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    machine.note(&format!("c2 {}", words.join(" ")));
    let end = drive(&*command, &mut machine, &mut Facts::default());
    machine.end();
    told(end, &machine, true)
}

/// Prints the plans and performs nothing.
fn dry_run(command: &dyn Command, machine: &mut Machine) -> u8 {
    let mut supposed = Supposed::over(machine);
    let end = drive(command, &mut supposed, &mut Facts::default());
    let text: String = supposed.plans().concat();
    print(&text);
    match end {
        End::Refused(refusal) => refused(&refusal),
        End::Reported(Report { failed: Some(what), now, hint, code, .. }) => {
            complain(&what, &[], now.as_deref(), hint.as_deref());
            code
        }
        End::Reported(report) => {
            report.notes.iter().for_each(|note| tell(&format!("supposed: {note}")));
            tell("dry run: nothing was changed");
            0
        }
        End::Waits(why) => {
            tell(&format!("dry run: it would wait here: {why}; nothing was changed"));
            0
        }
        End::Interrupted(signal) => signal.exit_code(),
        End::Gone => FAILED,
    }
}

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

fn refused(refusal: &Refusal) -> u8 {
    failed(&refusal.to_string(), refusal.hint())
}

/// Says how a run failed: the cause, how things stand now, and what to do next. Where nothing stands otherwise than
/// before, it reads like a refusal.
fn complain(what: &str, tail: &[String], now: Option<&str>, next: Option<&str>) {
    tell(&format!("c2: {what}"));
    if !tail.is_empty() {
        tell("    its last lines:");
    }
    tail.iter().for_each(|line| tell(&format!("      {line}")));
    now.iter().for_each(|now| tell(&format!("    now: {now}")));
    let next_is = if now.is_some() { "next: " } else { "" };
    next.iter().for_each(|next| tell(&format!("    {next_is}{next}")));
}
