//! One run of the program: the configuration, the command, what is printed, the exit code.

use c2_core::{
    request::{Dispatch, Options, Request},
    seam::{Command, DryRun, End, FAILED, Facts, Report, drive},
};

use crate::{
    ending::{complain, print_end, refused},
    host::Machine,
    repeat::repeat,
    terminal::{failed, print, tell},
};

/// Runs a request on this machine, by the configuration of this name where one is given. The answer is the exit code.
pub fn run(request: &Request, options: &Options, config: Option<&str>) -> u8 {
    let mut machine = match Machine::new(options, config) {
        Ok(machine) => machine,
        Err(error) => return failed(&format!("take over the signals: {error}"), None),
    };
    if let (Some(period_s), false) = (request.period_s(), options.dry_run) {
        return repeat(&mut machine, request, options, period_s);
    }
    let Dispatch { config, warnings, command } = request.dispatch(&mut machine, options);
    warnings.iter().for_each(|warning| tell(&format!("c2: warning: {warning}")));
    let command = match command {
        Ok(command) => command,
        Err(end) => return print_end(end, &machine, false),
    };
    let Some(config) = config else {
        if !command.shows_progress() {
            machine.be_quiet();
        }
        return print_end(drive(&*command, &mut machine, &mut Facts::default()), &machine, false);
    };
    machine.prepare(&config, (!options.dry_run).then_some(&*command));
    if options.dry_run {
        return dry_run(&*command, &mut machine);
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    machine.note(&format!("c2 {}", words.join(" ")));
    let end = drive(&*command, &mut machine, &mut Facts::default());
    machine.end();
    print_end(end, &machine, true)
}

/// Prints the plans and performs nothing.
fn dry_run(command: &dyn Command, machine: &mut Machine) -> u8 {
    let mut dry_run_host = DryRun::over(machine);
    let end = drive(command, &mut dry_run_host, &mut Facts::default());
    let text: String = dry_run_host.plans().concat();
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
