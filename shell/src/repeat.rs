//! `slave-update --repeat` and `reconcile --repeat`: carries out what a follower decides, round after round.

use std::{thread, time::Duration};

use c2_core::{
    commands::{copy_config, load_config, load_copied_config},
    config::{Parsed, Positive, ToolConfig},
    fleet::{Basis, Follower, Told},
    request::{Options, Request},
    seam::{End, Facts, Host as _, Refusal, drive, settle},
};

use crate::{aws::random, ending::print_end, host::Machine, memory, terminal::tell};

/// Follows a state every so many seconds until a signal ends it. The answer is the exit code.
pub(crate) fn repeat(machine: &mut Machine, request: &Request, options: &Options, period_s: Positive) -> u8 {
    memory::share();
    let mut follower = Follower::new(period_s, machine.config_name());
    loop {
        let now_ms = machine.clock_ms();
        if follower.reads_config(now_ms) {
            let mut facts = Facts::default();
            let found = settle(machine, &mut facts, load_config);
            keep_or_take_copy(machine, &mut follower, &mut facts, &found);
            match follower.read(found, now_ms) {
                Some(Told::Changed(warnings)) => {
                    warnings.iter().for_each(|warning| tell(&format!("c2: warning: {warning}")));
                }
                Some(Told::Unread(refusal)) => drop(print_end(End::Refused(refusal), machine, true)),
                None => (),
            }
        }
        if let Some(Basis { config, kept, misconfigured }) = follower.basis() {
            let command = request.round(kept, misconfigured).command(config.clone(), options);
            machine.prepare(&config, command.as_ref().ok().map(AsRef::as_ref));
            let end = match command {
                Ok(command) => drive(&*command, machine, &mut Facts::default()),
                Err(refusal) => End::Refused(refusal),
            };
            let goes_on = follower.goes_on(&end);
            print_end(end, machine, true);
            if !goes_on {
                return 0;
            }
            machine.end();
            memory::give_back();
        }
        thread::sleep(Duration::from_millis(follower.pause_ms(random())));
    }
}

/// Keeps a copy of a configuration that was read from a store; while the first one cannot be read, takes the copy.
fn keep_or_take_copy(
    machine: &mut Machine,
    follower: &mut Follower,
    facts: &mut Facts,
    found: &Result<Parsed<ToolConfig>, Refusal>,
) {
    match found {
        Ok(_) => {
            let kept = settle(machine, facts, copy_config);
            let kept = kept.and_then(|copy| copy.map_or(Ok(()), |copy| machine.perform(&copy).map_err(Refusal::World)));
            // Who may not write there does without, which is said once.
            if let (Err(refusal), None) = (kept, follower.basis()) {
                machine.note(&format!("no copy of the configuration is kept: {refusal}"));
            }
        }
        Err(refusal @ Refusal::World(_)) if follower.basis().is_none() => {
            if let Ok(copy) = settle(machine, &mut Facts::default(), load_copied_config) {
                follower.read_copy(copy, refusal);
            }
        }
        Err(_) => (),
    }
}
