//! What is doubtful or might be better in a configuration that is valid.

use crate::prelude::*;

use super::{good, report, with, with_proxy};

#[test]
fn a_deploys_dir_that_is_or_lies_in_a_folder_for_something_else_is_a_warning() {
    let outside = |path: &str, what: &str| format!("expected a folder outside of {path}, which is {what}");
    let (cache, logs) = (outside("/opt/config", "contextCache"), outside("/opt/var/log", "the folder of logFile"));
    let www = outside("/opt/var/www", "letsencryptWwwDir");
    let certificates = outside("/opt/etc/letsencrypt", "the folder of certificates below letsencryptPrefixDir");
    let root = "expected a folder of its own: names of deploys would be those of the system's folders".to_string();
    let above = "expected a path that names its folder: .. at its end is whatever is above".to_string();
    for (path, why) in [
        ("/", &root),
        ("//", &root),
        ("/./", &root),
        ("/opt/deploys/..", &above),
        ("/opt/deploys/../.", &above),
        ("..", &above),
        ("/opt/config", &cache),
        ("/opt/config/deploys", &cache),
        ("/opt/./x/../config//deploys/", &cache),
        ("/opt/var/log", &logs),
        ("/opt/var/log/deploys", &logs),
        ("/opt/var/www/deploys", &www),
        ("/opt/etc/letsencrypt/live", &certificates),
    ] {
        let said = report(&with(&format!("\"deploysDir\": \"{path}\"")));
        assert_eq!(said, format!("warning: c.json:2:15: deploysDir: found \"{path}\", {why}"), "{path}");
    }
    let by_default = report(&with("\"contextCache\": \"/opt\""));
    let expected = "warning: c.json:1:1: deploysDir: found \"/opt/deploys\", expected a folder outside of /opt, which is contextCache";
    assert_eq!(by_default, expected);
}

#[test]
fn a_deploys_dir_beside_all_else_is_fine() {
    for fields in [
        r#""deploysDir": "/srv/c2/deploys", "contextCache": "/srv/c2/config", "logFile": "/srv/c2/c2.log""#,
        r#""deploysDir": "/opt/configured""#,
        r#""deploysDir": "opt/config/deploys""#,
        r#""deploysDir": "/opt/x/../deploys", "logFile": "/var/log/c2.log""#,
        r#""letsencryptPrefixDir": "/opt/deploys/le""#,
    ] {
        good(with(fields));
    }
}

#[test]
fn a_log_file_whose_path_is_that_of_a_folder_is_a_warning() {
    for path in ["/opt/var/log/", "/opt/var/log/..", "/"] {
        let said = report(&with(&format!("\"logFile\": \"{path}\"")));
        let expected = format!(
            "warning: c.json:2:12: logFile: found \"{path}\", expected the path of a file: this is that of a folder"
        );
        assert_eq!(said, expected, "{path}");
    }
}

#[test]
fn a_range_with_a_port_of_the_proxy_in_it_is_a_warning() {
    for (range, ports) in [((80, 81), "80"), ((443, 444), "443"), ((1, 8000), "80 and 443")] {
        let said = report(&with_proxy(&format!(r#""dynamicPortRange": {{"v1": {}, "v2": {}}}"#, range.0, range.1)));
        let expected = format!("expected a range without {ports}, on which the proxy itself listens");
        assert_eq!(said, format!("warning: c.json:3:21: deployMode.proxy.dynamicPortRange: {expected}"));
    }
    for (v1, v2) in [(81, 443), (1, 80), (444, 500)] {
        good(with_proxy(&format!(r#""dynamicPortRange": {{"v1": {v1}, "v2": {v2}}}"#)));
    }
}

#[test]
fn a_source_named_ports_is_a_warning() {
    let said = report(&with(r#""configSources": {"ports": {"file": "/p.json"}}"#));
    let expected = "warning: c.json:2:28: configSources.ports: behind a proxy templates find the deploy's ports by this \
                    name, expected another one";
    assert_eq!(said, expected);
}

#[test]
fn advice_is_no_warning() {
    let digest = "0".repeat(64);
    let notes = |fields: &str| {
        let fields = format!(
            r#"{fields}"deployMode": {{"proxy": {{"endPoints": {{"main": {{"serverNames": ["a"], "etype": "httpOnly"}}}}}}}}"#
        );
        let parsed = with(&fields).expect("no errors");
        assert_eq!(parsed.warnings, []);
        parsed.notes.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let plain = "deployMode.proxy.endPoints.main.etype: plain http: ";
    let said = notes("");
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(
        said[0].starts_with("c.json:1:1: nginxDockerVersion: nginx 1.21.3 is out of support: only 1.30"),
        "{said:?}"
    );
    assert!(said[1].starts_with("c.json:1:1: nginxDockerVersion: nginx:1.21.3 has no digest"), "{said:?}");
    assert!(said[2].contains(plain), "{said:?}");
    for (version, count) in [("1.30", 2), ("1.9.0", 3), ("stable", 2), ("2.0", 2)] {
        assert_eq!(notes(&format!("\"nginxDockerVersion\": \"{version}\", ")).len(), count, "{version}");
    }
    let said = notes(&format!("\"nginxDockerVersion\": \"1.31.0@sha256:{digest}\", "));
    assert!(said.len() == 1 && said[0].contains(plain), "{said:?}");
    let own = "\"nginxDockerImage\": \"registry:5000/proxy\", \"nginxDockerVersion\": \"1.2\", ";
    assert_eq!(notes(own).len(), 2, "another image has versions of its own");
    assert_eq!(good(with("\"deployMode\": \"noproxy\"")).nginx_docker_version.as_str(), "1.21.3");
    assert_eq!(with("\"deployMode\": \"noproxy\"").expect("no errors").notes, []);
}
