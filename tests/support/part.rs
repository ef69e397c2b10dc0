//! How much of a sweep is run: a fixed part of its points, or all of them where `C2_SWEEPS` is `whole`, as
//! `tests/run --all` has it.

/// Whether sweeps run whole.
pub fn is_whole() -> bool {
    std::env::var("C2_SWEEPS").is_ok_and(|part| part == "whole")
}

/// Takes every so many of what is counted, the same in each run.
#[derive(Clone, Debug)]
pub struct Part {
    every: usize,
    counted: usize,
}

impl Part {
    /// One of `every`. What many parts together run is spread by the numbers that they begin with.
    pub fn new(every: usize, begin: usize) -> Self {
        Part { every: if is_whole() { 1 } else { every }, counted: begin }
    }

    /// Counts one more; whether it is run.
    pub fn takes(&mut self) -> bool {
        self.counted += 1;
        self.counted.is_multiple_of(self.every)
    }
}

/// One of `every` of them, in order.
pub fn part_of<T>(all: &[T], every: usize) -> Vec<&T> {
    let mut part = Part::new(every, 0);
    all.iter().filter(|_| part.takes()).collect()
}
