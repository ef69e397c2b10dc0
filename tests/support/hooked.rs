//! A simulated host to which something happens right before a plan or an effect, or in a pause, or which answers some
//! questions otherwise.

use c2_core::{
    seam::{Answer, Effect, Failure, Host, Message, Query, Signal},
    world::World,
};

type Before<'a> = dyn FnMut(&mut World, &Effect) + 'a;
type Instead<'a> = dyn FnMut(&Query) -> Option<Answer> + 'a;
type Meanwhile<'a> = dyn FnMut(&mut World) + 'a;
type Planning<'a> = dyn FnMut(&World) + 'a;

pub struct Hooked<'a> {
    pub world: World,
    before: Box<Before<'a>>,
    instead: Box<Instead<'a>>,
    pub meanwhile: Box<Meanwhile<'a>>,
    planning: Box<Planning<'a>>,
    /// The notes of the plans that were performed.
    pub notes: Vec<String>,
    /// What the plans that were performed are called.
    pub plans: Vec<String>,
}

impl<'a> Hooked<'a> {
    pub fn new(
        world: World,
        before: impl FnMut(&mut World, &Effect) + 'a,
        instead: impl FnMut(&Query) -> Option<Answer> + 'a,
    ) -> Self {
        let (before, instead) = (Box::new(before), Box::new(instead));
        let (meanwhile, planning) = (Box::new(|_: &mut World| ()), Box::new(|_: &World| ()));
        Hooked { world, before, instead, meanwhile, planning, notes: vec![], plans: vec![] }
    }

    /// One to which something happens in every pause.
    pub fn pausing(world: World, meanwhile: impl FnMut(&mut World) + 'a) -> Self {
        Hooked { meanwhile: Box::new(meanwhile), ..Hooked::new(world, |_, _| (), |_| None) }
    }

    /// One that shows how it is before each plan.
    pub fn planning(world: World, planning: impl FnMut(&World) + 'a) -> Self {
        Hooked { planning: Box::new(planning), ..Hooked::new(world, |_, _| (), |_| None) }
    }
}

impl Host for Hooked<'_> {
    fn answer(&mut self, queries: &[Query]) -> Vec<Answer> {
        let answer = |query: &Query| {
            (self.instead)(query).unwrap_or_else(|| self.world.answer(std::slice::from_ref(query)).remove(0))
        };
        queries.iter().map(answer).collect()
    }
    fn perform(&mut self, effect: &Effect) -> Result<(), Failure> {
        (self.before)(&mut self.world, effect);
        self.world.perform(effect)
    }
    fn pause(&mut self, ms: u32) -> bool {
        let passed = self.world.pause(ms);
        (self.meanwhile)(&mut self.world);
        passed
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
        if let Message::Plan(plan) = message {
            (self.planning)(&self.world);
            self.plans.push(plan.purpose.to_string());
            self.notes.extend(plan.notes.iter().cloned());
        }
    }
}
