//! Arguments to a request, to the shell, to an exit code; nothing else.

mod args;

use std::process::ExitCode;

use args::Invocation;
use c2_core::commands::{Options, Request};

/// The exit code of a command line that is no command.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let (invocation, config) = match args::invocation(args::called(std::env::args_os())) {
        Ok(asked) => asked,
        Err(error) => {
            c2_shell::tell(&error.to_string());
            return ExitCode::from(USAGE);
        }
    };
    ExitCode::from(match invocation {
        Invocation::Print(text) => c2_shell::print(&text),
        Invocation::Run { request, options } => c2_shell::run(&request, &options, config.as_deref()),
        Invocation::CheckConfig => c2_shell::run(&Request::CheckConfig, &Options::DEFAULT, config.as_deref()),
        Invocation::Demo { folder } => c2_shell::demo(folder.as_deref()),
    })
}
