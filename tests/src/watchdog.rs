//! Ends the test program where something hangs: a test cannot end another thread.

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    /// Closed when dropped, which the thread sees.
    _watched: Sender<()>,
}

impl Watchdog {
    /// Ends the program with a message if this is not dropped in time.
    pub fn bites_after(time: Duration, what: &str) -> Self {
        let (watched, dropped) = channel::<()>();
        let what = what.to_owned();
        thread::spawn(move || {
            if dropped.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                // Not eprintln!, which the test harness would keep to itself.
                let _ = writeln!(std::io::stderr(), "it hangs: {what}");
                std::process::exit(101);
            }
        });
        Self { _watched: watched }
    }
}
