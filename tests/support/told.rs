//! The simulated host, and what the program would print and log while it runs there.

use c2_core::{
    printable::message,
    seam::{Answer, Command, Effect, End, Facts, Failure, Host, Message, Query, Signal, drive},
    world::World,
};

/// A simulated host that notes what it is told, as the real one prints and logs it.
#[derive(Debug)]
pub struct Told {
    pub world: World,
    /// What goes to standard error while plans are performed.
    pub printed: Vec<String>,
    /// The effects, in order.
    pub effects: Vec<String>,
    /// What failed, once for each time.
    pub failures: Vec<String>,
}

impl Told {
    /// Runs a command on the host to its end.
    pub fn run(mut world: World, command: &dyn Command) -> (Told, End) {
        world.begin(&[]);
        let mut told = Told { world, printed: vec![], effects: vec![], failures: vec![] };
        let end = drive(command, &mut told, &mut Facts::default());
        assert!(told.world.violations.is_empty(), "{:?}", told.world.violations);
        (told, end)
    }

    fn tell(&mut self, level: usize, text: &str) {
        self.printed.extend(message(&format!("{}{text}", "  ".repeat(level))).lines().map(str::to_string));
    }
}

impl Host for Told {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        self.world.answer(queries)
    }

    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        let done = self.world.perform(effect);
        self.failures.extend(done.as_ref().err().map(ToString::to_string));
        for failure in std::mem::take(&mut self.world.tolerated) {
            self.failures.push(failure.to_string());
            self.say(Message::Trouble(&failure));
        }
        done
    }

    fn pause(&mut self, ms: u32) -> bool {
        self.world.pause(ms)
    }

    fn lock(&mut self, path: &str, may_nest: bool) -> Result<(), Failure> {
        self.world.lock(path, may_nest)
    }

    fn unlock(&mut self) {
        self.world.unlock();
    }

    fn defer_signals(&mut self, on: bool) {
        self.world.defer_signals(on);
    }

    fn forward_signals(&mut self, signals: bool) {
        self.world.forward_signals(signals);
    }

    fn interrupted(&self) -> Option<Signal> {
        self.world.interrupted()
    }

    fn say(&mut self, message: Message<'_>) {
        match message {
            Message::Plan(plan) => {
                self.tell(0, &plan.purpose.to_string());
                plan.notes.iter().for_each(|note| self.tell(1, &format!("note: {note}")));
            }
            Message::Stage(title) => self.tell(1, title),
            Message::Effect(effect) => self.effects.push(effect.to_string()),
            Message::Undo(_) => self.tell(1, "failed, going back"),
            Message::Stuck(_) => self.tell(1, "going back failed"),
            Message::Trouble(failure) => self.tell(1, &format!("warning: {failure}")),
            Message::Wait(why) => self.tell(0, why),
        }
    }
}
