//! The port of a new deploy in the state that a fleet shares: the next one, not the lowest, which slaves that have not
//! switched yet may still serve the former release from.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::{
    Base,
    slaves::{Slave, slaves},
};
use crate::{
    Ordered,
    config::{Label, Port, PortRange, State},
    seam::{Facts, Refusal, Settled as _},
};

/// The next free port after the one that was given out last, wrapping; one that a fresh slave's record lists only where
/// no other is free. `None`: the deploys of the state have all of them.
pub(super) fn next_port(
    range: PortRange,
    state: &State,
    facts: &Facts,
    base: Base<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<Port>, Refusal> {
    let known = match slaves(facts, base).known()? {
        Err(refusal) => {
            notes.push(format!("warning: which ports the slaves still use is not known: {refusal}"));
            Vec::new()
        }
        Ok(slaves) => slaves.into_iter().filter(|slave| !slave.is_stale()).collect(),
    };
    let unread: Vec<&str> = known.iter().filter(|slave| !slave.is_known).map(|slave| slave.label.as_str()).collect();
    if !unread.is_empty() {
        let unread = unread.join(", ");
        notes.push(format!("warning: which ports are still used by {unread} is not known: the record cannot be read"));
    }
    let listed = used_ports(&known);
    let port = choose(range, last_given(state), |port| has_port(state, port), |port| listed.contains_key(&port));
    if let Some(label) = port.and_then(|port| listed.get(&port)) {
        let port = port.map_or_else(String::new, |port| port.to_string());
        notes.push(format!(
            "warning: no port of dynamicPortRange is free on all slaves: {label} still uses {port} and starts this deploy \
             when it no longer does"
        ));
    }
    Ok(port.map(Port))
}

/// The ports that these slaves report, each with one that does.
fn used_ports(slaves: &[Slave]) -> BTreeMap<u16, &Label> {
    let of = |slave| {
        let Slave { label, report, .. }: &Slave = slave;
        report.state.deploys.values().map(move |deploy| (deploy.port.0, label))
    };
    slaves.iter().flat_map(of).into_map()
}

/// Every deploy of the state, those of a candidate included.
fn ports(state: &State) -> impl Iterator<Item = Port> {
    let candidate = state.rollout.iter().flat_map(|rollout| rollout.candidate.deploys.values());
    state.deploys.values().chain(candidate).map(|deploy| deploy.port)
}

fn has_port(state: &State, port: u16) -> bool {
    ports(state).any(|held| held.0 == port)
}

/// The port that was given out last; a state that an older tool wrote does not say it.
fn last_given(state: &State) -> Option<Port> {
    state.last_port.or_else(|| ports(state).max())
}

fn choose(
    range: PortRange,
    last: Option<Port>,
    is_held: impl Fn(u16) -> bool,
    is_listed: impl Fn(u16) -> bool,
) -> Option<u16> {
    let last = last.map_or(0, |port| port.0);
    let later = range.ports().filter(|port| *port > last);
    let earlier = range.ports().filter(|port| *port <= last);
    let mut free = later.chain(earlier).filter(|port| !is_held(*port)).peekable();
    let first = free.peek().copied();
    free.find(|port| !is_listed(*port)).or(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::state;

    fn range() -> PortRange {
        PortRange { first: 8000, end: 8004 }
    }

    #[test]
    fn the_next_port_follows_the_last_one_and_wraps() {
        let next = |last: u16, held: &[u16]| {
            choose(range(), (last > 0).then_some(Port(last)), |port| held.contains(&port), |_| false)
        };
        assert_eq!(next(0, &[]), Some(8000));
        assert_eq!(next(8000, &[]), Some(8001), "though the lowest is free");
        assert_eq!(next(8003, &[8000]), Some(8001));
        assert_eq!(next(8001, &[8002, 8003, 8000]), Some(8001));
        assert_eq!(next(9000, &[]), Some(8000), "the range was narrowed");
        assert_eq!(next(8001, &[8000, 8001, 8002, 8003]), None);
    }

    #[test]
    fn a_port_that_a_slave_lists_is_given_only_where_no_other_is_free() {
        let next = |held: &[u16], listed: &[u16]| {
            choose(range(), None, |port| held.contains(&port), |port| listed.contains(&port))
        };
        assert_eq!(next(&[8000], &[8001, 8002]), Some(8003));
        assert_eq!(next(&[8000, 8003], &[8001, 8002]), Some(8001));
    }

    #[test]
    fn where_a_state_does_not_say_which_port_was_the_last_it_is_the_highest() {
        let deploy = |label: &str, port: u16| {
            format!(r#""{label}": {{"label": "{label}", "release": "r.zip", "port": {port}}}"#)
        };
        let (a, b, c) = (deploy("a", 8002), deploy("b", 8001), deploy("c", 8003));
        let rollout =
            format!(r#"{{"id": "r1", "percent": 1, "candidate": {{"deploys": {{{c}}}, "connections": {{}}}}}}"#);
        let of = |more: &str| {
            let text = format!(r#"{{"deploys": {{{a}, {b}}}, "connections": {{}}{more}}}"#);
            last_given(&state("state.json", &text).unwrap().value).map(|port| port.0)
        };
        assert_eq!(of(""), Some(8002));
        assert_eq!(of(r#", "lastPort": 8000"#), Some(8000));
        assert_eq!(of(&format!(r#", "rollout": {rollout}"#)), Some(8003), "one that a candidate has counts too");
    }
}
