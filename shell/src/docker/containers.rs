//! The containers of a deploy: found by the folder that Compose notes on them, told as the engine has them.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use c2_core::{
    Ordered,
    seam::{Container, ContainerState, Failure, Health},
    time::parse_utc,
};
use serde_json::Value;

use super::Docker;
use crate::processes;

/// The label by which Compose notes the folder of a project.
const FOLDER: &str = "com.docker.compose.project.working_dir";
/// The label of what `docker compose run` made: no service of the project.
const ONE_OFF: &str = "com.docker.compose.oneoff";
/// Where the engine notes its process (dockerd's `--pidfile`).
const ENGINE_PID: &str = "/var/run/docker.pid";
/// What the engine takes where a container names no time to stop.
const STOP_TIMEOUT_S: u32 = 10;
/// What the engine takes where a HEALTHCHECK names no interval, no timeout and no retries.
const HEALTH: (u64, u64, u64) = (30_000, 30_000, 3);

impl Docker {
    /// The containers of the compose projects in a folder or below it: with `-f sub/compose.yml` Compose notes `sub`.
    ///
    /// # Errors
    /// Neither the engine nor the docker command answers.
    pub(crate) fn containers(&self, folder: &str) -> Result<Vec<Container>, Failure> {
        let physical = physical(folder);
        let is_of_it = |at: &str| [folder, physical.as_str()].iter().any(|folder| is_within(at, folder));
        let is_chosen = |labels: &Value| {
            let label = |name| labels.get(name).and_then(Value::as_str);
            let at = label(FOLDER).unwrap_or_default();
            label(ONE_OFF) != Some("True") && (is_of_it(at) || is_of_it(&self::physical(at)))
        };
        let inspected = match self.engine.with_label(FOLDER, &is_chosen)? {
            Some(inspected) => inspected,
            None => self.containers_by_command(&is_chosen)?,
        };
        let named = inspected.iter().filter_map(container).map(|it| (it.name.clone(), it));
        Ok(named.into_map().into_values().collect())
    }

    /// The same, asked of the docker command.
    fn containers_by_command(&self, chosen: &dyn Fn(&Value) -> bool) -> Result<Vec<Value>, Failure> {
        let doing = "look for the containers of a deploy";
        let filter = format!("label={FOLDER}");
        let listed = self.command(&["ps", "-aq", "--no-trunc", "--filter", &filter])?.must(doing)?;
        let ids: Vec<&str> = listed.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(vec![]);
        }
        // Of one that was removed meanwhile it says so, and prints the others.
        let printed = self.command(&[&["inspect", "--type", "container"], &ids[..]].concat())?.stdout;
        let values = serde_json::from_str::<Vec<Value>>(&printed)
            .map_err(|error| Failure::world(doing, format!("what docker inspect prints is not understood: {error}")))?;
        Ok(values.into_iter().filter(|it| chosen(it.pointer("/Config/Labels").unwrap_or(&Value::Null))).collect())
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path with its links resolved; where it is not there any more, those of the folder above it.
fn physical(path: &str) -> String {
    if let Ok(found) = fs::canonicalize(path) {
        return found.display().to_string();
    }
    let above = path.rsplit_once('/').and_then(|(above, name)| Some((fs::canonicalize(above).ok()?, name)));
    above.map_or_else(|| path.to_string(), |(above, name)| above.join(name).display().to_string())
}

/// A container from what `docker inspect` says of it (Engine API, `ContainerInspect`).
fn container(value: &Value) -> Option<Container> {
    let state = value.get("State")?;
    let is = |name: &str| state.get(name).and_then(Value::as_bool).unwrap_or(false);
    let id = value.get("Id")?.as_str()?.to_string();
    let started = state.get("StartedAt")?.as_str()?.to_string();
    let exit_code = state.get("ExitCode").and_then(Value::as_i64).unwrap_or(0);
    let now = match state.get("Status")?.as_str()? {
        // One that is being restarted counts as running too.
        "running" if is("Restarting") => ContainerState::Restarting,
        "running" => ContainerState::Running,
        "restarting" => ContainerState::Restarting,
        "paused" => ContainerState::Paused,
        "created" => ContainerState::Created,
        "exited" => ContainerState::Exited(exit_code),
        other => ContainerState::Other(other.to_string()),
    };
    let pid = state.get("Pid").and_then(Value::as_u64).and_then(|pid| u32::try_from(pid).ok()).filter(|pid| *pid > 0);
    // Its first process, where that is one of this machine.
    let pid = pid.filter(|pid| processes::is_of_container(*pid, &id));
    Some(Container {
        name: value.get("Name")?.as_str()?.trim_start_matches('/').to_string(),
        state: now,
        age_ms: pid.and_then(processes::age_ms).or_else(|| age_by_clock_ms(&started)),
        started,
        restarts: value.get("RestartCount").and_then(Value::as_u64).unwrap_or(0),
        health: match value.pointer("/State/Health/Status").and_then(Value::as_str) {
            Some("starting") => Health::Starting,
            Some("healthy") => Health::Healthy,
            Some("unhealthy") => Health::Unhealthy,
            _ => Health::None,
        },
        decides_ms: decides_ms(value),
        published: published(value),
        stop_timeout_s: whole(value, "/Config/StopTimeout")
            .and_then(|s| u32::try_from(s).ok())
            .unwrap_or(STOP_TIMEOUT_S),
        ended_since_boot: ended_since_boot(state.get("FinishedAt").and_then(Value::as_str)),
        id,
    })
}

fn whole(value: &Value, at: &str) -> Option<u64> {
    value.pointer(at).and_then(Value::as_u64)
}

/// How long a HEALTHCHECK takes to decide at the latest: its start period, then all of its tries.
fn decides_ms(value: &Value) -> u64 {
    let ms = |name: &str| whole(value, &format!("/Config/Healthcheck/{name}")).map(|ns| ns / 1_000_000);
    let given = |name, otherwise| ms(name).filter(|ms| *ms > 0).unwrap_or(otherwise);
    let (interval_ms, timeout_ms) = (given("Interval", HEALTH.0), given("Timeout", HEALTH.1));
    let retries = whole(value, "/Config/Healthcheck/Retries").filter(|retries| *retries > 0);
    let tries_ms = retries.unwrap_or(HEALTH.2).saturating_mul(interval_ms.saturating_add(timeout_ms));
    ms("StartPeriod").unwrap_or(0).saturating_add(tries_ms)
}

/// The ports of the machine that are published to it; of one that has ended, those that were to be.
fn published(value: &Value) -> Vec<u16> {
    let places = ["/NetworkSettings/Ports", "/HostConfig/PortBindings"].into_iter();
    let ports = places.filter_map(|place| value.pointer(place)?.as_object()).flatten();
    let bindings = ports.filter_map(|(_, bindings)| bindings.as_array()).flatten();
    let ports = bindings.filter_map(|binding| binding.get("HostPort")?.as_str()?.parse::<u16>().ok());
    ports.into_set().into_iter().collect()
}

/// Whether a container that ended then has ended since the engine was started on this machine: what ended before may have
/// been ended by that.
fn ended_since_boot(finished: Option<&str>) -> bool {
    let engine = fs::read_to_string(ENGINE_PID).ok().and_then(|pid| processes::age_ms(pid.trim().parse().ok()?));
    let up_ms = engine.or_else(|| processes::age_ms(1));
    let ended_ms = finished.and_then(age_by_clock_ms);
    ended_ms.zip(up_ms).is_some_and(|(ended_ms, up_ms)| ended_ms < up_ms)
}

/// The time since then by this machine's clock; none for what never was.
fn age_by_clock_ms(started: &str) -> Option<u64> {
    let started = parse_utc(started)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(now.saturating_sub(started) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn inspected(state: Value) -> Value {
        let labels = json!({ FOLDER: "/opt/deploys/app" });
        json!({
            "Id": "ab", "Name": "/app-web-1", "RestartCount": 2, "State": state,
            "Config": { "Labels": labels, "StopTimeout": 30, "Healthcheck": { "Interval": 1_000_000_000, "Retries": 2 } },
            "NetworkSettings": { "Ports": { "80/tcp": [{ "HostPort": "8080" }, { "HostPort": "8080" }], "81/tcp": null } },
        })
    }

    fn state(value: Value) -> ContainerState {
        container(&inspected(value)).unwrap().state
    }

    #[test]
    fn a_container_is_told_as_it_is() {
        let started = "2026-11-30T10:00:00.1Z";
        let value = inspected(json!({ "Status": "exited", "ExitCode": 0, "StartedAt": started, "Pid": 0 }));
        let found = container(&value).unwrap();
        assert_eq!((&*found.name, found.restarts, &found.published[..]), ("app-web-1", 2, &[8080][..]));
        assert_eq!((found.state, found.stop_timeout_s), (ContainerState::Exited(0), 30));
        assert!(found.age_ms.is_some());
        let is = |status: &str, restarting: bool| {
            state(json!({ "Status": status, "Running": true, "Restarting": restarting, "StartedAt": started }))
        };
        assert_eq!(is("running", false), ContainerState::Running);
        assert_eq!(is("running", true), ContainerState::Restarting, "Running alone says nothing");
        assert_eq!(is("restarting", true), ContainerState::Restarting);
        assert_eq!(is("dead", false), ContainerState::Other("dead".into()));
        // What was never started has no age.
        let created = inspected(json!({ "Status": "created", "StartedAt": "0001-01-01T00:00:00Z" }));
        assert_eq!(container(&created).unwrap().age_ms, None);
    }

    #[test]
    fn a_health_check_decides_within_its_start_period_and_its_retries() {
        let mut value = inspected(json!({ "Status": "running", "StartedAt": "", "Health": { "Status": "starting" } }));
        let told = |value: &Value| container(value).map(|it| (it.health, it.decides_ms)).unwrap();
        assert_eq!(told(&value), (Health::Starting, 2 * (1_000 + 30_000)));
        value["Config"]["Healthcheck"] = json!({ "StartPeriod": 5_000_000_000_u64 });
        value["State"]["Health"]["Status"] = json!("unhealthy");
        assert_eq!(told(&value), (Health::Unhealthy, 5_000 + 3 * 60_000));
    }

    #[test]
    fn a_folder_below_that_of_a_deploy_is_of_it_and_one_beside_it_is_not() {
        assert!(
            is_within("/opt/deploys/app", "/opt/deploys/app") && is_within("/opt/deploys/app/sub", "/opt/deploys/app")
        );
        assert!(!is_within("/opt/deploys/app-2", "/opt/deploys/app") && !is_within("/opt/deploys", "/opt/deploys/app"));
    }
}
