//! The commands that releases of the simulated world have: real shell lines whose meaning the model knows.
//!
//! What "runs" is a file in the folder that `$RUN` names, called like the deploy, holding its version.

/// A command line and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Does nothing and succeeds.
    Nothing,
    /// Starts what is in the folder, also when it runs already.
    Start,
    /// Starts what is in the folder; fails when it runs already.
    StrictStart,
    /// Stops it; fails when it does not run.
    StrictStop,
    /// Stops it, also when it does not run.
    Stop,
    /// Starts it and stays with it until a stop ends it, then exits 0.
    Foreground,
    /// Starts it, stays for a while, then fails.
    FailsLate,
    /// Fails with status 3.
    Fail,
    /// Is ended by a signal, having done nothing.
    Killed,
    /// Stops it, and is ended by a signal then.
    StopKilled,
}

const LINES: [(Script, &str); 10] = [
    (Script::Nothing, "true"),
    (Script::Start, r#"cp version "$RUN/${PWD##*/}""#),
    (Script::StrictStart, r#"test ! -e "$RUN/${PWD##*/}" && cp version "$RUN/${PWD##*/}""#),
    (Script::StrictStop, r#"rm "$RUN/${PWD##*/}""#),
    (Script::Stop, r#"rm -f "$RUN/${PWD##*/}""#),
    (
        Script::Foreground,
        r#"trap 'rm -f "$RUN/${PWD##*/}"; exit 0' TERM; cp version "$RUN/${PWD##*/}"; while test -e "$RUN/${PWD##*/}"; do sleep 0.1; done"#,
    ),
    (
        Script::FailsLate,
        r#"trap 'rm -f "$RUN/${PWD##*/}"; exit 0' TERM; cp version "$RUN/${PWD##*/}"; sleep 2.5; rm "$RUN/${PWD##*/}"; exit 4"#,
    ),
    (Script::Fail, "exit 3"),
    (Script::Killed, "kill -TERM $$"),
    (Script::StopKilled, r#"rm -f "$RUN/${PWD##*/}"; kill -TERM $$"#),
];

impl Script {
    /// The shell line.
    #[must_use]
    pub fn line(self) -> &'static str {
        LINES.iter().find(|(script, _)| *script == self).map_or("", |(_, line)| line)
    }

    /// Whether it starts what is in the folder.
    #[must_use]
    pub fn starts(self) -> bool {
        matches!(self, Script::Start | Script::StrictStart | Script::Foreground | Script::FailsLate)
    }

    /// What a shell line means.
    #[must_use]
    pub fn of(line: &str) -> Option<Script> {
        LINES.iter().find(|(_, known)| *known == line).map(|(script, _)| *script)
    }
}
