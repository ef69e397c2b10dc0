//! The known name that an unknown one was most likely meant to be.

use alloc::vec::Vec;

/// The known name nearest to `name`, if one is near enough to be a slip of the keyboard: at most one edit in three
/// characters, ASCII letters compared without case. The first of several equally near ones; a name of one
/// letter is near to none.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = lower_case(name);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let other = lower_case(candidate);
        let shorter = wanted.len().min(other.len());
        let limit = (shorter / 3).max(1);
        if shorter < 2 || wanted.len().abs_diff(other.len()) > limit {
            continue;
        }
        let distance = edits(&wanted, &other);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn lower_case(name: &str) -> Vec<char> {
    name.chars().map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two names.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, wanted) in from.iter().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(line + 1);
        for (column, other) in to.iter().enumerate() {
            let replaced = row[column] + usize::from(wanted != other);
            let mut least = replaced.min(row[column + 1] + 1).min(next[column] + 1);
            let swapped = line > 0 && column > 0 && *wanted == to[column - 1] && from[line - 1] == *other;
            if swapped {
                least = least.min(above[column - 1] + 1);
            }
            next.push(least);
        }
        above = core::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_the_name_that_was_meant_and_a_stranger_finds_none() {
        let known = ["deploysDir", "deployMode", "releases", "logFile"];
        for (name, expected) in [
            ("deployDir", Some("deploysDir")),
            ("deploysdir", Some("deploysDir")),
            ("depolyMode", Some("deployMode")),
            ("release", Some("releases")),
            ("lgoFile", Some("logFile")),
            ("logging", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.into_iter()), expected, "{name}");
        }
        assert_eq!(nearest("äX", ["äy"].into_iter()), Some("äy"));
        assert_eq!(nearest("a", ["", "b"].into_iter()), None);
    }
}
