//! The completion scripts: each asks the program for the candidates.

use crate::prelude::*;

/// A shell that there is a script for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// GNU bash, 4.0 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish, 3 or later.
    Fish,
}

/// The script that has a shell complete the words of the program at this path, which is called by its file name.
#[must_use]
pub fn script(shell: Shell, path: &str) -> String {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("c2");
    let identifier: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let template = match shell {
        Shell::Bash => include_str!("scripts/c2.bash"),
        Shell::Zsh => include_str!("scripts/c2.zsh"),
        Shell::Fish => include_str!("scripts/c2.fish"),
    };
    let template = template.replace("@IDENTIFIER@", &identifier).replace("@NAME@", &quoted(shell, name));
    template.replace("@PATH@", &quoted(shell, path))
}

/// The text as a word of the shell's; a plain one stays as it is.
fn quoted(shell: Shell, text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+".contains(c)) {
        return text.into();
    }
    let inner = match shell {
        Shell::Bash | Shell::Zsh => text.replace('\'', r"'\''"),
        Shell::Fish => text.replace('\\', r"\\").replace('\'', r"\'"),
    };
    ["'", &inner, "'"].concat()
}
