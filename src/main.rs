//! Arguments to a core command, to the shell, to an exit code; nothing else.

fn main() {}
