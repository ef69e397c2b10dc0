//! Arguments to a core command, to the shell, to an exit code; nothing else.

mod args;

use std::{
    io::{self, Write},
    process::ExitCode,
};

use args::Invocation;

fn main() -> ExitCode {
    match args::invocation(std::env::args_os().skip(1).collect()) {
        Ok(Invocation::Print(text)) => print(&text),
        Ok(Invocation::Run { request, options }) => fail(1, &format!("c2: cannot run yet: {request:?}, {options:?}")),
        Ok(Invocation::CheckConfig) => fail(1, "c2: cannot run yet: check-config"),
        Ok(Invocation::Demo { folder }) => fail(1, &format!("c2: cannot run yet: demo {folder:?}")),
        Err(error) => fail(2, &error.to_string()),
    }
}

fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(1, &format!("c2: write to standard output: {error}")),
        Ok(()) => ExitCode::SUCCESS,
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    // Without a standard error there is nobody to tell.
    let _ = writeln!(io::stderr(), "{message}");
    ExitCode::from(code)
}
