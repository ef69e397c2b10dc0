//! The known name that an unknown one was most likely meant to be.

use strsim::osa_distance;

/// The known name nearest to `name`, if one is near enough to be a slip of the keyboard: at most one edit in three
/// characters, ASCII letters compared without case. The first of several equally near ones; a name of one
/// letter is near to none.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_ascii_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let other = candidate.to_ascii_lowercase();
        let (letters, others) = (wanted.chars().count(), other.chars().count());
        let limit = (letters.min(others) / 3).max(1);
        // A long text has no name that is near, and would take its time.
        if letters.min(others) < 2 || letters.abs_diff(others) > limit {
            continue;
        }
        let distance = osa_distance(&wanted, &other);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
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
