//! Arguments to a request, to the shell, to an exit code; nothing else.

mod args;

use std::process::ExitCode;

use args::Invocation;
use c2_core::commands::{Options, Request};

/// The exit code of a command line that is no command.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    ExitCode::from(match args::invocation(args::called(std::env::args_os())) {
        Ok(Invocation::Print(text)) => c2_shell::print(&text),
        Ok(Invocation::Run { request, options }) => c2_shell::run(&request, &options),
        Ok(Invocation::CheckConfig) => c2_shell::run(&Request::CheckConfig, &Options::DEFAULT),
        Ok(Invocation::Demo { folder }) => c2_shell::demo(folder.as_deref()),
        Err(error) => {
            c2_shell::tell(&error.to_string());
            USAGE
        }
    })
}
