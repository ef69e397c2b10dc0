//! Gives back the memory that a round of work has left behind.

/// Hands the free pages of the heap to the system. glibc keeps them otherwise, also those of threads that have ended:
/// some 300 kB after a round that started something.
#[cfg(target_env = "gnu")]
#[allow(unsafe_code)]
pub(crate) fn give_back() {
    use std::ffi::c_int;

    // SAFETY: public glibc (`malloc.h`), and safe beside other threads; it moves nothing that is in use.
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> c_int;
    }
    malloc_trim(0);
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn give_back() {}
