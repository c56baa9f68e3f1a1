//! Lines on standard error that tell how long work goes on.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says something on standard error. Not `eprintln!`, which the test harness would swallow: a test that builds for
/// minutes has to say so.
pub(crate) fn note(text: &str) {
    // Nobody can be told that standard error is closed.
    let _ = writeln!(std::io::stderr(), "xtask: {text}");
}

/// A piece of work that is going on. On a terminal its line counts the seconds; elsewhere a line comes every half a
/// minute, so that logs of CI show life.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
    what: String,
    since: Instant,
    live: bool,
}

impl Progress {
    pub(crate) fn start(what: String) -> Self {
        let live = std::io::stderr().is_terminal();
        let since = Instant::now();
        let (stop, stopped) = channel();
        let every = Duration::from_secs(if live { 1 } else { 30 });
        let text = what.clone();
        if live {
            let _ = write!(std::io::stderr(), "xtask: {text} …");
        } else {
            note(&format!("{text} …"));
        }
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let seconds = since.elapsed().as_secs();
                if live {
                    let _ = write!(std::io::stderr(), "\rxtask: {text} … {seconds} s");
                } else {
                    note(&format!("still {text}: {seconds} s"));
                }
            }
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
            what,
            since,
            live,
        }
    }

    /// Ends the line with the time it took, which it returns.
    pub(crate) fn done(mut self) -> Duration {
        self.end();
        let took = self.since.elapsed();
        let start = if self.live { "\r" } else { "" };
        let _ = writeln!(
            std::io::stderr(),
            "{start}xtask: {} … done in {:.1} s",
            self.what,
            took.as_secs_f64()
        );
        took
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the ticker has nothing to say that matters.
            let _ = thread.join();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.end();
            if self.live {
                let _ = writeln!(std::io::stderr());
            }
        }
    }
}
