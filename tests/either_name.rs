//! A release is named with the extension of its archive or without it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use c2_core::{
    seam::{End, Facts, drive},
    world::World,
};
use serde_json::{Value, json};
use support::{case::Case, proxied, words::command};

fn case(mode: Value, releases: &[&str]) -> Case {
    let releases: serde_json::Map<String, Value> = releases.iter().map(|name| (name.to_string(), json!({}))).collect();
    let config = json!({ "releases": { "localdir": "/srv/releases" }, "deployMode": mode });
    let value = json!({ "host": { "releases": releases }, "config": config, "command": ["start"] });
    Case { name: "either_name".into(), folder: Default::default(), value }
}

/// The deploy and the release that run after a start of a release of this name, or why it was refused.
fn started(case: &Case, mut world: World, release: &str) -> Result<(String, String), String> {
    let end = drive(&*command(&case.config(""), &["start", release]), &mut world, &mut Facts::default());
    match end {
        End::Reported(report) => assert_eq!(report.failed, None),
        End::Refused(refusal) => return Err(refusal.to_string()),
        other => panic!("{other:?}"),
    }
    let (folder, release) = world.running.into_iter().next().unwrap();
    Ok((folder.rsplit('/').next().unwrap().into(), release))
}

#[test]
fn a_start_takes_a_name_as_it_is_and_else_with_the_extension() {
    let modes = [json!("noproxy"), json!({ "proxy": { "endPoints": {} } })];
    for mode in modes {
        let start = |releases: &[&str], name: &str| {
            let case = case(mode.clone(), releases);
            let behind = mode.is_object();
            started(&case, if behind { proxied::world(&case) } else { case.world() }, name)
        };
        let runs = |deploy: &str, release: &str| Ok((deploy.to_string(), release.to_string()));
        assert_eq!(start(&["app-1.0.zip"], "app-1.0.zip"), runs("app-1.0", "app-1.0.zip"));
        assert_eq!(start(&["app-1.0.zip"], "app-1.0"), runs("app-1.0", "app-1.0.zip"));
        assert_eq!(start(&["app-1.0.zip", "app-1.0"], "app-1.0"), runs("app-1", "app-1.0"), "by its own name");
        let refused = start(&["app-1.0.zip"], "app-1").unwrap_err();
        assert!(refused.contains("/srv/releases/app-1 does not exist"), "{refused}");
    }
}
