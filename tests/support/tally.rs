//! What a sweep over many cases found, counted by two threads.

use std::collections::BTreeMap;

/// What was found.
#[derive(Default)]
pub struct Tally {
    /// What was worked on, each in one or more cases.
    pub items: usize,
    pub cases: usize,
    pub points: usize,
    /// The runs that were made to their end; the others were like one of them.
    pub runs: usize,
    pub violations: BTreeMap<String, (usize, String)>,
}

impl Tally {
    pub fn violation(&mut self, property: &str, detail: impl FnOnce() -> String) {
        self.violations.entry(property.to_string()).or_insert_with(|| (0, detail())).0 += 1;
    }

    pub fn add(&mut self, other: Tally) {
        self.items += other.items;
        self.cases += other.cases;
        self.points += other.points;
        self.runs += other.runs;
        for (property, (count, detail)) in other.violations {
            self.violations.entry(property).or_insert((0, detail)).0 += count;
        }
    }

    /// Prints what was found, and fails when anything was.
    pub fn conclude(&self, title: &str) {
        let count: usize = self.violations.values().map(|(count, _)| count).sum();
        let Tally { cases, points, runs, .. } = self;
        println!("{title}: {cases} cases, {points} fault points, {runs} runs, {count} violations");
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
