//! The memory of a process that runs for as long as its machine: what a round of work has left behind is given back.

#[cfg(target_env = "gnu")]
mod libc {
    #![allow(unsafe_code)]
    use std::ffi::c_int;

    // SAFETY: public glibc (`malloc.h`). The first is to be called while there is one thread, and the second moves nothing
    // that is in use, whatever other threads do.
    unsafe extern "C" {
        pub(super) safe fn mallopt(parameter: c_int, value: c_int) -> c_int;
        pub(super) safe fn malloc_trim(pad: usize) -> c_int;
    }
}

/// Has all threads take their memory from one place; to be called before there are others. glibc gives some a place of
/// their own, and keeps it when they have ended.
#[cfg(target_env = "gnu")]
pub(crate) fn share() {
    /// `M_ARENA_MAX`
    const MOST_PLACES: i32 = -8;
    libc::mallopt(MOST_PLACES, 1);
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn share() {}

/// Gives back what is not needed until the next round.
pub(crate) fn give_back() {
    trim();
    let_code_go();
}

/// Hands the free pages of the heap to the system, which glibc keeps otherwise: some 300 kB after a round that started
/// something.
#[cfg(target_env = "gnu")]
fn trim() {
    libc::malloc_trim(0);
}

#[cfg(not(target_env = "gnu"))]
fn trim() {}

/// Lets the pages of this program's code go. They stay in the cache of its file for as long as there is room for them, and
/// come back from there as they are needed (madvise(2)): of 3 MB a round that finds nothing new needs a part.
#[allow(unsafe_code)]
fn let_code_go() {
    use rustix::mm::{Advice, madvise};

    let Some((start, length)) = code() else { return };
    // SAFETY: the range is a private, read-only mapping of this program's file, so that what comes back is
    // what was there. Where it fails, the pages stay.
    let _ = unsafe { madvise(start as *mut _, length, Advice::LinuxDontNeed) };
}

/// Where this program's code is mapped: its address and length in bytes (proc(5)).
fn code() -> Option<(usize, usize)> {
    let here = code as fn() -> _ as usize;
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        ((start..end).contains(&here) && rest.starts_with("r-xp ")).then_some((start, end - start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a mapping that are in memory.
    fn resident(start: usize) -> usize {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut lines = maps.lines().skip_while(|line| !line.starts_with(&format!("{start:x}-")));
        let line = lines.find(|line| line.starts_with("Rss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    #[test]
    fn code_that_was_let_go_comes_back() {
        let (start, length) = code().unwrap();
        assert!(length > 1_000_000);
        let before = resident(start);
        let_code_go();
        assert!(resident(start) < before);
        assert_eq!(code(), Some((start, length)));
    }
}
