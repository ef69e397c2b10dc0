//! SIGINT, SIGTERM and SIGHUP: noted while a plan is performed, the end of this process otherwise.

use std::{
    cell::Cell,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use c2_core::seam::Signal;
use signal_hook::{consts, flag};

use crate::terminal::tell;

/// The signals that ask this process to end.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    interrupt: Arc<AtomicBool>,
    terminate: Arc<AtomicBool>,
    hangup: Arc<AtomicBool>,
    unshielded: Arc<AtomicBool>,
    unheeded: Cell<bool>,
    /// The signal that began an undo.
    first: Cell<Option<Signal>>,
    /// How often Ctrl-C came while something was taken back.
    impatient: Cell<u8>,
}

impl Signals {
    /// Takes over the signals; until shielded they end the process as ever.
    pub(crate) fn install() -> io::Result<Self> {
        let signals = Signals::default();
        signals.unshielded.store(true, Ordering::SeqCst);
        let mut taken = vec![(consts::SIGINT, &signals.interrupt), (consts::SIGTERM, &signals.terminate)];
        if !hangup_is_ignored() {
            taken.push((consts::SIGHUP, &signals.hangup));
        }
        for (number, noted) in taken {
            flag::register_conditional_default(number, Arc::clone(&signals.unshielded))?;
            flag::register(number, Arc::clone(noted))?;
        }
        Ok(signals)
    }

    /// While on, the signals are only noted.
    pub(crate) fn defer_signals(&self, on: bool) {
        self.unshielded.store(!on, Ordering::SeqCst);
    }

    /// Whether the signals are only noted.
    pub(crate) fn deferred(&self) -> bool {
        !self.unshielded.load(Ordering::SeqCst)
    }

    /// While on, a noted signal ends the command of a release that runs. While off, only Ctrl-C given twice does.
    pub(crate) fn forward_signals(&self, on: bool) {
        if !on && !self.unheeded.get() {
            self.first.set(self.noted());
            self.interrupt.store(false, Ordering::SeqCst);
            self.impatient.set(0);
        }
        self.unheeded.set(!on);
    }

    /// The signal that the command of a release is to be ended by.
    pub(crate) fn heeded(&self) -> Option<Signal> {
        if !self.unheeded.get() {
            return self.noted();
        }
        if self.interrupt.swap(false, Ordering::SeqCst) {
            self.first.set(self.first.get().or(Some(Signal::Interrupt)));
            self.impatient.set(self.impatient.get().saturating_add(1));
            if self.impatient.get() == 1 {
                tell(
                    "what was begun is being undone; Ctrl-C once more breaks that off, and the next start or stop does it",
                );
            }
        }
        (self.impatient.get() > 1).then_some(Signal::Interrupt)
    }

    /// The signal that was noted.
    pub(crate) fn noted(&self) -> Option<Signal> {
        let noted = [
            (&self.interrupt, Signal::Interrupt),
            (&self.terminate, Signal::Terminate),
            (&self.hangup, Signal::Hangup),
        ];
        let noted = noted.into_iter().find(|(flag, _)| flag.load(Ordering::SeqCst)).map(|(_, signal)| signal);
        self.first.get().or(noted)
    }
}

/// Whether this process was started to outlive its terminal, as by `nohup` (proc(5): `SigIgn`, bit 0 is signal 1).
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
