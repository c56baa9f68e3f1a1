//! Child processes that never outlive this one.
//!
//! Each child runs below a small `sh` that holds the reading end of a pipe whose only writing end is ours. However this
//! process ends (even by SIGKILL) the pipe closes and the shell's watcher kills the child. The parent-death signal of
//! Linux would not do: it goes by the thread that started the child, and threads of a runtime or a test end early.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::{Error, Result};

/// Runs its arguments as a program and kills that when standard input ends; exits as the program does. Once the program
/// was killed, so is all of its process group: the shell and what the program had started.
const SUPERVISOR: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- &
program=$!
( read -r _ <&3; kill -KILL "$program" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$watcher" 2>/dev/null
[ "$status" = 137 ] && kill -KILL 0
exit "$status"
"#;

/// A running program whose output goes to a log file. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    supervisor: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command (its program, arguments, environment and directory) with its output appended to `log`.
    ///
    /// It gets a process group of its own, so that Ctrl-C on the terminal reaches only this process, which then takes
    /// its children down in order.
    ///
    /// # Errors
    /// If the log cannot be opened or there is no `sh`. A program that does not exist shows as one that has ended.
    pub fn start(name: &str, command: &Command, log: &Path) -> Result<Self> {
        let open = || File::options().create(true).append(true).open(log);
        let mut supervisor = Command::new("sh");
        supervisor
            .args(["-c", SUPERVISOR, "sh"])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => supervisor.env(name, value),
                None => supervisor.env_remove(name),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            supervisor.current_dir(dir);
        }
        let supervisor = supervisor
            .stdin(Stdio::piped())
            .stdout(open().map_err(Error::file(log))?)
            .stderr(open().map_err(Error::file(log))?)
            .process_group(0)
            .spawn()
            .map_err(|source| Error::Start {
                program: "sh".into(),
                source,
                hint: "",
            })?;
        Ok(Self {
            name: name.into(),
            supervisor,
            log: log.into(),
        })
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends the program a signal, such as `TERM`. A program that has ended already gets none.
    pub fn signal(&self, name: &str) {
        let shell = self.supervisor.id();
        let children = format!("/proc/{shell}/task/{shell}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        // The shell starts the program before its watcher.
        if let Some(program) = children.split_whitespace().next() {
            // One that ends just now cannot be told any more.
            let _ = Command::new("kill").args(["-s", name, program]).status();
        }
    }

    /// How it ended, or nothing while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        // An error would mean that it is no child of ours, which cannot be.
        self.supervisor.try_wait().ok().flatten()
    }

    /// The last `lines` lines of its log.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        tail(&self.log, lines).unwrap_or_else(|error| format!("{}: {error}", self.log.display()))
    }

    /// Kills it at once and waits until it is gone.
    ///
    /// There is no grace: what runs here keeps its state in a directory that is thrown away.
    pub fn kill(&mut self) {
        drop(self.supervisor.stdin.take());
        // As in `ended`.
        let _ = self.supervisor.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The last lines of a file, looking at no more than its last 64 KiB.
fn tail(path: &Path, lines: usize) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = fs::metadata(path)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().collect();
    Ok(all[all.len().saturating_sub(lines)..].join("\n"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// Command lines of the running processes that contain `mark`.
    fn running(mark: &str) -> Vec<String> {
        fs::read_dir("/proc")
            .expect("/proc")
            .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
            .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
            .filter(|line| line.contains(mark))
            .collect()
    }

    fn until(what: &str, done: impl Fn() -> bool) {
        let start = Instant::now();
        while !done() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{what} did not happen"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_dropped_process_is_gone() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let log = dir.path().join("log");
        let process =
            Process::start("sleep", Command::new("sleep").arg("3601.25"), &log).expect("start");
        until("start", || {
            running("sleep 3601.25")
                .iter()
                .any(|line| line.starts_with("sleep"))
        });
        drop(process);
        until("end", || running("3601.25").is_empty());
    }

    #[test]
    fn what_a_dropped_process_has_started_is_gone_too() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let log = dir.path().join("log");
        let script = "sleep 3603.25 & sleep 3603.25";
        let process =
            Process::start("sh", Command::new("sh").args(["-c", script]), &log).expect("start");
        let sleeping = || {
            let lines = running("sleep 3603.25");
            lines
                .iter()
                .filter(|line| line.starts_with("sleep"))
                .count()
        };
        until("start", || sleeping() == 2);
        drop(process);
        until("end", || sleeping() == 0);
    }

    #[test]
    fn a_process_that_ends_is_seen_with_its_code_and_its_log() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let log = dir.path().join("log");
        let script = "for i in 1 2 3; do echo line $i; done; exit 7";
        let mut process =
            Process::start("sh", Command::new("sh").args(["-c", script]), &log).expect("start");
        let start = Instant::now();
        let status = loop {
            if let Some(status) = process.ended() {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "it did not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(7));
        assert_eq!(process.log_tail(2), "line 2\nline 3");
    }

    #[test]
    fn a_child_dies_with_a_parent_that_is_killed() {
        // The parent here is a shell that does what Process does and is then killed the hard way.
        let dir = tempfile::tempdir().expect("temporary directory");
        let fifo = dir.path().join("fifo");
        let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
        assert!(made.success());
        let script = format!(
            "sh -c '{SUPERVISOR}' sh sleep 3602.25 <'{fifo}' & exec 9>'{fifo}'; read -r _",
            fifo = fifo.display()
        );
        let mut parent = Command::new("sh")
            .args(["-c", &script])
            // As in `start`: the group that is killed must not be the tests'.
            .process_group(0)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("parent");
        until("start", || {
            running("sleep 3602.25")
                .iter()
                .any(|line| line.starts_with("sleep"))
        });
        parent.kill().expect("kill");
        parent.wait().expect("wait");
        until("end", || {
            running("sleep 3602.25")
                .iter()
                .all(|line| !line.starts_with("sleep"))
        });
    }
}
