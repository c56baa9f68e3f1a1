//! How many posts a second the experiment's load generator sustains from one core, and how much memory it takes, against
//! a bare loop over Python's `http.client` that sends the same bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Row, row};
use crate::python::{self, Environment};
use crate::{Error, Result, project};

/// Posts a second that the generator is asked for: more than it can.
const RATE: &str = "1000";
/// Runs a script, then says on standard error how much memory there was at most, in KiB.
const MEASURED: &str = "import resource, runpy, sys\nsys.argv = sys.argv[1:]\nsys.path.insert(0, sys.argv[0].rpartition('/')[0])\n\
     try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\nfinally:\n    \
     print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n";
/// Posts what the generator posts, one after another, until time is up; prints how many.
const BARE: &str = "import http.client, sys, time\nsys.path.insert(0, sys.argv[1])\n\
     from experiment_generator import BOUNDARY, form, recordings, sent\n\
     body = form(sent('key', 20, 'model')) + recordings(1.0, 1)\nhead = {'Content-Type': 'multipart/form-data; boundary=' + BOUNDARY}\n\
     end, count = time.monotonic() + float(sys.argv[3]), 0\nwhile time.monotonic() < end:\n    \
     connection = http.client.HTTPConnection(sys.argv[2])\n    connection.request('POST', '/v1/users/u/inferences', body, head)\n    \
     connection.getresponse().read()\n    connection.close()\n    count += 1\nprint(count)\n";

/// What the generator did.
#[derive(Clone, Debug)]
pub struct Generator {
    /// A post of the bare loop, and one of the generator.
    pub rows: Vec<Row>,
    /// The generator's posts a second.
    pub rate: f64,
    /// Its memory at most, in KiB.
    pub peak: u64,
}

/// Measures for so many seconds each, on one core.
///
/// # Errors
/// If Python's environment cannot be made, or a program fails.
pub fn generator(seconds: u16) -> Result<Generator> {
    let python = python::ensure(Environment::Api)?.program("python3");
    let scripts = project::root().join("crates/spira-manifests/src/scripts");
    let dir = tempfile::tempdir().map_err(Error::file("temporary directory"))?;
    let address = serve()?;
    let plain = on_one_core(&python)
        .args(["-c", BARE])
        .arg(&scripts)
        .args([&address, &seconds.to_string()])
        .output();
    let plain = succeeded("the bare loop", plain)?.0;
    let load = on_one_core(&python)
        .args(["-c", MEASURED])
        .arg(scripts.join("experiment.py"))
        .arg("load")
        .env("SPIRA_API_BASE_URL", format!("http://{address}"))
        .envs([
            ("SPIRA_USER", "user"),
            ("SPIRA_PASSWORD", "password"),
            ("EXPERIMENT_RATE", RATE),
        ])
        .env("EXPERIMENT_DURATION_SECONDS", seconds.to_string())
        .env("EXPERIMENT_DIRECTORY", dir.path())
        .output();
    let (_, words) = succeeded("the load generator", load)?;
    let log = dir.path().join("log.jsonl");
    let log = std::fs::read_to_string(&log).map_err(Error::file(&log))?;
    let count = |event: &str| {
        log.lines()
            .filter(|line| line.contains(&format!(r#""event": "{event}""#)))
            .count()
    };
    let (acknowledged, posted) = (count("ok"), count("invoke"));
    if acknowledged < posted {
        return Err(failed(
            "the load generator",
            format!("{acknowledged} of {posted} acknowledged"),
        ));
    }
    let peak = words
        .lines()
        .find_map(|line| line.strip_prefix("peak ")?.parse().ok());
    let each = |posts: usize| {
        Duration::from_secs(seconds.into()) / u32::try_from(posts.max(1)).unwrap_or(u32::MAX)
    };
    let base = row(
        "bare http.client posts an inference".into(),
        &[each(plain.trim().parse().unwrap_or(0))],
        1,
    );
    let ours = row(
        "the load generator posts an inference".into(),
        &[each(posted)],
        1,
    )
    .against(&base);
    Ok(Generator {
        rate: 1.0 / ours.warm.as_secs_f64(),
        rows: vec![base, ours],
        peak: peak.ok_or_else(|| failed("the load generator", words))?,
    })
}

/// The server has the other cores.
fn on_one_core(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", "0"])
        .arg(program)
        .envs([("NO_PROXY", "127.0.0.1"), ("PYTHONDONTWRITEBYTECODE", "1")]);
    command
}

fn succeeded(
    what: &str,
    output: std::io::Result<std::process::Output>,
) -> Result<(String, String)> {
    let output = output.map_err(|source| Error::Start {
        program: "taskset".into(),
        source,
        hint: "",
    })?;
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok((String::from_utf8_lossy(&output.stdout).into_owned(), words));
    }
    Err(Error::Failed {
        what: what.into(),
        status: output.status,
        output: words,
    })
}

fn failed(what: &str, output: String) -> Error {
    Error::Failed {
        what: what.into(),
        status: std::process::ExitStatus::default(),
        output,
    }
}

/// Serves as SPIRA's API would if it did nothing, from threads that end with the process; its address.
fn serve() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::file("127.0.0.1"))?;
    let address = listener.local_addr().map_err(Error::file("127.0.0.1"))?;
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // A client that goes in the midst of its request is none of ours.
            std::thread::spawn(move || answer(connection).ok());
        }
    });
    Ok(address.to_string())
}

fn answer(connection: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(256 * 1024, connection);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
    let body = if first.contains("/auth") {
        r#"{"id": "u", "access_token": "token"}"#
    } else if first.contains("/models") {
        r#"{"models": [{"id": "model"}]}"#
    } else if first.starts_with("POST") {
        r#"{"inference_id": "0"}"#
    } else {
        r#"{"status": "completed"}"#
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    reader
        .get_mut()
        .write_all(format!("{head}{body}").as_bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_generator_is_measured() {
        let measured = super::generator(3).expect("measured");
        println!("{:.0} posts a second, {} KiB", measured.rate, measured.peak);
        crate::bench::print(&measured.rows);
        assert!(measured.rate > 5.0, "{measured:?}");
        assert!((10_000..200_000).contains(&measured.peak), "{measured:?}");
    }
}
