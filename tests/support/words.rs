//! From the words of a command line to its command, by the way of the program.

use c2::{Invocation, invocation};
use c2_core::{
    config::ToolConfig,
    request::{Options, Request},
    seam::Command,
    world::World,
};

/// What these words ask for.
fn asked<W: AsRef<str>>(words: &[W]) -> (Request, Options) {
    let arguments: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match invocation(arguments.iter().map(Into::into).collect()) {
        Ok((Invocation::Run { request, options }, None)) => (request, options),
        other => panic!("{arguments:?}: {other:?}"),
    }
}

/// The command of these words by this configuration.
pub fn command<W: AsRef<str>>(config: &ToolConfig, words: &[W]) -> Box<dyn Command> {
    let (request, options) = asked(words);
    request.command(config.clone(), &options).unwrap()
}

/// The command of these words by the configuration that lies on the host.
pub fn dispatched<W: AsRef<str>>(host: &mut World, words: &[W]) -> Box<dyn Command> {
    let (request, options) = asked(words);
    request.dispatch(host, &options).command.unwrap_or_else(|end| panic!("{request:?}: {end:?}"))
}
