//! The program: all of it is in the library, where the tests call it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(c2::run(std::env::args_os()))
}
