//! The command line of c2: its words to a request, to the shell, to an exit code; nothing else.

mod args;

use std::ffi::OsString;

pub use args::{Asked, Invocation, UsageError, invocation};

/// The exit code of an invalid command line.
const USAGE: u8 = 2;

/// Runs the program with these arguments, its own name before them. The answer is the exit code.
pub fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    let (invocation, config) = match invocation(args::called(arguments)) {
        Ok(asked) => asked,
        Err(error) => {
            c2_shell::tell(&error.to_string());
            return USAGE;
        }
    };
    match invocation {
        Invocation::Print(text) => c2_shell::print(&text),
        Invocation::Run { request, options } => c2_shell::run(&request, &options, config.as_deref()),
        Invocation::Demo { folder } => c2_shell::demo(folder.as_deref()),
    }
}
