//! The texts of the proxy's nginx, made from values: its configuration, its compose file, its pages, what it routes.

mod conf;
mod page;
mod project;
mod routes;

pub(crate) use conf::{Certificates, Conf, Pages, Source, Template, certificate_paths};
#[cfg(test)]
pub(crate) use project::quoted;
pub(crate) use project::{Project, explicit_certificates, project};
#[cfg(test)]
pub(crate) use routes::name_of;
pub use routes::{Generation, MARK_HOST, Route, Routes, Share};

/// The built-in template of the proxy's `nginx.conf`. Its context: `healthCheck` (`incomingPath`, `location`,
/// `outgoingPath`, `outgoingPort`) where one is answered; `endPoints`, a list of `{"http": {serverNames, port}}` and
/// `{"https": {serverNames, sslCertPath, sslCertKeyPath, letsencryptWwwDir, port}}`, without the keys that have no
/// value, both also with `split` (`name`, `percent`, `port`, `restPort`) and `maintenance` (`message`, `page`,
/// `retryAfterSecs`) where there is one. It is rendered leniently, as users' own templates are.
pub const DEFAULT_TEMPLATE: &str = include_str!("default.conf.tpl");

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, path::PathBuf};

    use super::DEFAULT_TEMPLATE;
    use crate::template::{Source, Strictness, render};

    /// Renders the context `<case>.json` and compares with `<case>.conf`.
    #[track_caller]
    fn check(case: &str) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../testdata/nginx");
        let read = |extension| fs::read_to_string(folder.join(format!("{case}.{extension}"))).unwrap();
        let context = serde_json::from_str(&read("json")).unwrap();
        let source = Source { path: "default.conf.tpl", text: DEFAULT_TEMPLATE };
        let rendered = render(source, &BTreeMap::new(), &context, Strictness::Lenient).unwrap();
        assert_eq!(rendered, read("conf"), "{case}");
    }

    #[test]
    fn without_endpoints_nothing_listens() {
        check("no-endpoints");
    }

    #[test]
    fn a_connected_endpoint_is_proxied_and_the_health_check_with_it() {
        check("connected");
    }

    #[test]
    fn an_endpoint_that_is_not_connected_answers_503() {
        check("not-connected");
    }

    #[test]
    fn https_is_served_where_there_is_a_certificate() {
        check("https-certificate");
    }

    #[test]
    fn without_a_certificate_only_challenges_and_redirects_are_served() {
        check("https-no-certificate");
    }

    #[test]
    fn an_https_endpoint_that_is_not_connected_answers_503_on_both_ports() {
        check("https-not-connected");
    }

    #[test]
    fn a_share_of_an_endpoint_goes_to_a_second_port() {
        check("split");
    }

    #[test]
    fn an_endpoint_in_maintenance_answers_with_its_page_on_both_ports_and_the_health_check_stays() {
        check("maintenance");
    }

    #[test]
    fn names_and_paths_are_not_escaped() {
        check("odd-names");
    }

    #[test]
    fn endpoints_of_every_kind_stand_side_by_side() {
        check("mixed");
    }
}
