//! Helm's own rendering, for many cases a second: the client of `tools/oracle`.
//!
//! ```no_run
//! use xtask::{helm::Helm, oracle::{Case, Oracle}};
//!
//! let mut oracle = Oracle::start(Helm::V4, "charts/spira".as_ref())?;
//! let rendered = oracle.render(&Case { release: "spira".into(), ..Case::default() })?;
//! assert!(rendered.is_ok(), "refused: {rendered:?}");
//! # Ok::<(), xtask::Error>(())
//! ```

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::helm::Helm;
use crate::tools::{self, Tool};
use crate::{Error, Result};

/// Values and what else decides about the manifests.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Name of the release. `release-name` by default.
    pub release: String,
    /// Namespace of the release. `default` by default.
    pub namespace: String,
    /// Texts of values files, merged in this order like repeated `-f`.
    pub values_yaml: Vec<String>,
    /// Merged over those, like a last `-f`. Empty by default.
    pub values: Value,
    /// Arguments of `--set`, after all files.
    pub set: Vec<String>,
    /// Arguments of `--api-versions`.
    pub api_versions: Vec<String>,
    /// Whether it is an upgrade (`--is-upgrade`).
    pub is_upgrade: bool,
    /// The live objects that `lookup` finds, of any kind.
    pub secrets: Vec<Value>,
}

impl Default for Case {
    fn default() -> Self {
        Self {
            release: "release-name".into(),
            namespace: "default".into(),
            values_yaml: Vec::new(),
            values: Value::Object(serde_json::Map::new()),
            set: Vec::new(),
            api_versions: Vec::new(),
            is_upgrade: false,
            secrets: Vec::new(),
        }
    }
}

/// What Helm makes of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The objects in Helm's order of installation, hooks last.
    pub objects: Vec<Value>,
    /// For each object the template that wrote it.
    pub sources: Vec<String>,
    /// The chart's own notes.
    pub notes: String,
}

/// Helm's answer: the rendered chart, or the message with which Helm refuses the case.
pub type Answer = Result<Rendered, String>;

#[derive(Serialize)]
struct Question<'a> {
    id: usize,
    #[serde(flatten)]
    case: &'a Case,
}

/// A running oracle for one chart, as the chart was when it started.
#[derive(Debug)]
pub struct Oracle {
    chart: PathBuf,
    child: Child,
    cases: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    asked: usize,
}

impl Oracle {
    /// Starts the oracle, which is built on first use, with the engine of `helm` for the chart in a directory.
    ///
    /// # Errors
    /// If it cannot be built or started. That the chart cannot be loaded is told by the first answer.
    pub fn start(helm: Helm, chart: &Path) -> Result<Self> {
        Self::with_flags(helm, chart, &[])
    }

    /// As [`Self::start`], with more flags of the program, such as `--helm-schema`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn with_flags(helm: Helm, chart: &Path, flags: &[&str]) -> Result<Self> {
        let tools = tools::ensure(&[Tool::Oracle])?;
        let mut child = Command::new(tools.path(Tool::Oracle))
            .args(["--helm", &helm.major().to_string(), "--chart"])
            .arg(chart)
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| Error::Start {
                program: "oracle".into(),
                source,
                hint: "",
            })?;
        let cases = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("standard output is piped"));
        Ok(Self {
            chart: chart.into(),
            child,
            cases,
            answers,
            asked: 0,
        })
    }

    /// Renders one case.
    ///
    /// # Errors
    /// If the oracle has ended, such as for a chart that cannot be loaded. That Helm refuses the case is an answer.
    pub fn render(&mut self, case: &Case) -> Result<Answer> {
        let mut answers = self.render_all(std::slice::from_ref(case))?;
        Ok(answers
            .pop()
            .expect("render_all gives an answer to each case"))
    }

    /// Renders many cases, on all processors, and returns the answers in the order of the cases.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_all(&mut self, cases: &[Case]) -> Result<Vec<Answer>> {
        let first = self.asked;
        self.asked += cases.len();
        let pipe = self
            .cases
            .as_mut()
            .expect("the pipe is only closed on drop");
        let (answers, child) = (&mut self.answers, &mut self.child);
        // Writing goes on beside reading: with both pipes full, each side would wait for the other.
        let result = std::thread::scope(|scope| {
            let writer = scope.spawn(move || write_all(pipe, first, cases));
            let answers: Result<Vec<Answer>, String> = (first..first + cases.len())
                .map(|id| read(answers, id))
                .collect();
            if answers.is_err() {
                // Nobody reads what it says any more: the writer would wait for it for ever.
                let _ = child.kill();
            }
            let written = writer.join().expect("the writer does not panic");
            // An oracle that has ended fails both sides; what it said on standard error is on the terminal.
            answers.and_then(|answers| written.map(|()| answers))
        });
        result.map_err(|message| Error::Oracle {
            chart: self.chart.clone(),
            message,
        })
    }
}

fn write_all(pipe: &mut ChildStdin, first: usize, cases: &[Case]) -> Result<(), String> {
    let mut pipe = BufWriter::new(pipe);
    for (case, id) in cases.iter().zip(first..) {
        serde_json::to_writer(&mut pipe, &Question { id, case })
            .map_err(|error| error.to_string())?;
        pipe.write_all(b"\n").map_err(|error| error.to_string())?;
    }
    pipe.flush().map_err(|error| error.to_string())
}

fn read(answers: &mut BufReader<ChildStdout>, id: usize) -> Result<Answer, String> {
    let mut text = String::new();
    let length = answers
        .read_line(&mut text)
        .map_err(|error| error.to_string())?;
    if length == 0 {
        return Err("it has ended; the reason is on standard error".into());
    }
    let failed = |error: serde_json::Error| format!("{error} in {text}");
    // This is compiled with optimisation within serde_json; reading into types would be compiled here, without.
    let line = text.parse().or_else(|_| read_deep(&text));
    let mut line: Value = line.map_err(failed)?;
    if line["id"] != id {
        return Err(format!("answer to case {id} expected, got {text}"));
    }
    if let Value::String(error) = line["error"].take() {
        return Ok(Err(error));
    }
    let objects = match line["objects"].take() {
        Value::Array(objects) => objects,
        _ => Vec::new(),
    };
    Ok(Ok(Rendered {
        objects,
        sources: read_or_default(&mut line["sources"]).map_err(failed)?,
        notes: read_or_default(&mut line["notes"]).map_err(failed)?,
    }))
}

/// Reads an answer that is deeper than `serde_json` goes by itself: Helm takes values that deep.
fn read_deep(text: &str) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    Value::deserialize(&mut reader)
}

/// What is empty, the oracle leaves out.
fn read_or_default<T: DeserializeOwned + Default>(value: &mut Value) -> serde_json::Result<T> {
    let read: Option<T> = serde_json::from_value(value.take())?;
    Ok(read.unwrap_or_default())
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It ends when its input does.
        drop(self.cases.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
