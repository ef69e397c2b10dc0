//! The known name that a person most likely meant by an unknown one.

use alloc::vec::Vec;
use core::mem;

/// Names longer than this are not compared: nobody mistypes them by hand.
const MAX_CHARS: usize = 100;

/// Returns the known name with the fewest slips between it and `name`, the first of several.
///
/// A slip is a character added, left out, replaced, or swapped with its neighbour (the optimal string alignment
/// distance); case does not count. One slip is forgiven for every three characters of `name`, at least one.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = lower_case(name);
    if wanted.is_empty() || wanted.len() > MAX_CHARS {
        return None;
    }
    let forgiven = (wanted.len() / 3).max(1);
    known
        .filter(|candidate| candidate.len() <= 4 * MAX_CHARS)
        .map(|candidate| (lower_case(candidate), candidate))
        .filter(|(lower, _)| !lower.is_empty() && lower.len().abs_diff(wanted.len()) <= forgiven)
        .map(|(lower, candidate)| (slips(&wanted, &lower), candidate))
        .filter(|(slips, candidate)| *slips <= forgiven && *slips < candidate.chars().count())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn lower_case(name: &str) -> Vec<char> {
    name.chars().flat_map(char::to_lowercase).collect()
}

fn slips(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = Vec::with_capacity(to.len() + 1);
        row.push(i);
        for j in 1..=to.len() {
            let replaced = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut fewest = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                fewest = fewest.min(before_last[j - 2] + 1);
            }
            row.push(fewest);
        }
        before_last = mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[track_caller]
    fn check(name: &str, known: &[&str], expected: Option<&str>) {
        assert_eq!(nearest(name, known.iter().copied()), expected, "{name} among {known:?}");
    }

    #[test]
    fn a_slip_of_every_kind_is_forgiven() {
        for slipped in ["hosst", "hst", "hoat", "hsot", "HOST"] {
            check(slipped, &["port", "name", "host"], Some("host"));
        }
    }

    #[test]
    fn longer_names_forgive_more_and_short_ones_little() {
        check("deploysDirectory", &["deploysDir"], None);
        check("contxtcahe", &["contextCache"], Some("contextCache"));
        check("ab", &["xy"], None);
        check("a", &["b"], None);
        check("at", &["a"], None);
    }

    #[test]
    fn the_nearest_wins_and_the_first_of_equals() {
        check("posts", &["ports", "post", "posts2"], Some("ports"));
        check("hose", &["horses", "hosed"], Some("hosed"));
    }

    #[test]
    fn empty_and_endless_names_have_no_neighbour() {
        check("", &["a", ""], None);
        check("a", &[""], None);
        check(&"x".repeat(100_000), &["x"], None);
        check("x", &["x".repeat(100_000).as_str()], None);
    }

    #[test]
    fn characters_count_not_bytes() {
        check("grüsse", &["größe", "grüße"], Some("grüße"));
    }
}
