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

/// Hands the free pages of the heap to the system, which glibc keeps otherwise: some 300 kB after a round that started
/// something.
#[cfg(target_env = "gnu")]
pub(crate) fn give_back() {
    libc::malloc_trim(0);
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn share() {}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_back() {}
