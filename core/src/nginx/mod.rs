//! The nginx of the proxy: the built-in template of its configuration.

/// The built-in template of the proxy's `nginx.conf`. Its context: `healthCheck` (`incomingPath`, `outgoingPath`,
/// `outgoingPort`) where one is answered; `endPoints`, a list of `{"http": {serverNames, port}}` and
/// `{"https": {serverNames, sslCertPath, sslCertKeyPath, letsencryptWwwDir, port}}`, without the keys that have no
/// value; `served`, what the configuration routes. It is rendered leniently, as users' own templates are.
pub const DEFAULT_TEMPLATE: &str = include_str!("default.conf.tpl");
