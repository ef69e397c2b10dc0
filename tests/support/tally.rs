//! What a sweep over many cases found, counted by two threads.

use std::collections::BTreeMap;

use super::part::Part;

/// What was found.
#[derive(Default)]
pub struct Tally {
    /// What was worked on, each in one or more cases.
    pub items: usize,
    pub cases: usize,
    /// The points that were run, a point a fault or a pair of faults.
    pub points: usize,
    /// Those that were passed over, as they are not in the part that is run.
    pub passed: usize,
    /// The runs that were made to their end; the others were like one of them.
    pub runs: usize,
    pub violations: BTreeMap<String, (usize, String)>,
}

impl Tally {
    pub fn violation(&mut self, property: &str, detail: impl FnOnce() -> String) {
        self.violations.entry(property.to_string()).or_insert_with(|| (0, detail())).0 += 1;
    }

    /// Counts a point.
    pub fn point(&mut self) {
        self.points += 1;
    }

    /// Counts a point if it is in the part that is run; whether it is.
    pub fn takes(&mut self, part: &mut Part) -> bool {
        let takes = part.takes();
        self.points += usize::from(takes);
        self.passed += usize::from(!takes);
        takes
    }

    pub fn add(&mut self, other: Tally) {
        self.items += other.items;
        self.cases += other.cases;
        self.points += other.points;
        self.passed += other.passed;
        self.runs += other.runs;
        for (property, (count, detail)) in other.violations {
            self.violations.entry(property).or_insert((0, detail)).0 += count;
        }
    }

    /// Prints what was found, and fails when anything was.
    pub fn conclude(&self, title: &str) {
        let count: usize = self.violations.values().map(|(count, _)| count).sum();
        let Tally { cases, points, runs, .. } = self;
        let all = points + self.passed;
        println!("{title}: {cases} cases, {points} of their {all} fault points, {runs} runs, {count} violations");
        for (property, (count, detail)) in &self.violations {
            println!("{count} x {property}\n   first: {detail}");
        }
        assert!(self.violations.is_empty(), "{title}: {count} violations");
    }
}

/// Works on all items with two threads; each counts for itself.
pub fn share<T: Sync>(items: &[T], work: impl Fn(&mut Tally, usize, &T) + Sync) -> Tally {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let part = || {
            scope.spawn(|| {
                let mut tally = Tally::default();
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(item) = items.get(number) else { return tally };
                    work(&mut tally, number, item);
                }
            })
        };
        [part(), part()].into_iter().for_each(|thread| tally.add(thread.join().unwrap()));
    });
    tally
}
