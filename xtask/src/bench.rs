//! `cargo xtask bench`: what is measured, and the table of ratios.
//!
//! To add a measurement, write a function that returns [`Row`]s and call it in `run`.

mod generator;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli::{Bench, check_chart};
use crate::helm::{self, Helm};
use crate::oracle::{Case, Oracle};
use crate::table::Table;
use crate::tools;
use crate::{Error, Result};

pub use self::generator::{Generator, generator};

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// The first run.
    pub cold: Duration,
    /// Median of the later runs.
    pub warm: Duration,
    /// Objects that a run makes; the time of one object is `warm` over this.
    pub objects: usize,
    /// What [`Self::ratio`] compares with, and how many times as long this takes per object; nothing for a base line.
    pub ratio: Option<(String, f64)>,
}

impl Row {
    /// Time of one object in a warm run.
    #[must_use]
    pub fn per_object(&self) -> Duration {
        self.warm / u32::try_from(self.objects.max(1)).unwrap_or(u32::MAX)
    }

    /// Compares this row with another, per object.
    #[must_use]
    pub fn against(mut self, base: &Row) -> Self {
        let ratio = self.per_object().as_secs_f64() / base.per_object().as_secs_f64();
        self.ratio = Some((base.what.clone(), ratio));
        self
    }
}

/// Runs the benchmark of the tests' package: it needs the library and the generator, which this
/// crate does without so that `cargo xtask try` starts soon.
pub(crate) fn run(args: &Bench) -> Result<()> {
    check_chart(&args.chart)?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut bench = std::process::Command::new(cargo);
    bench.args([
        "bench",
        "--quiet",
        "--package",
        "spira-tests",
        "--bench",
        "ratios",
        "--",
    ]);
    bench
        .args(["--runs", &args.runs.to_string()])
        .arg("--chart")
        .arg(&args.chart);
    let status = bench
        .current_dir(crate::project::root())
        .status()
        .map_err(|source| Error::Start {
            program: "cargo".into(),
            source,
            hint: "",
        })?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        what: "cargo bench".into(),
        status,
        output: String::new(),
    })
}

/// Prints the table.
pub fn print(rows: &[Row]) {
    let mut table = Table::new(&[
        "WHAT",
        "COLD",
        "WARM (MEDIAN)",
        "OBJECTS",
        "PER OBJECT",
        "RATIO",
    ]);
    for row in rows {
        let ratio = row.ratio.as_ref();
        table.row(&[
            row.what.clone(),
            millis(row.cold),
            millis(row.warm),
            row.objects.to_string(),
            millis(row.per_object()),
            ratio.map_or_else(
                || "1".into(),
                |(base, ratio)| {
                    if *ratio < 0.1 {
                        format!("1/{:.0} of {base}", 1.0 / ratio)
                    } else {
                        format!("{ratio:.2} of {base}")
                    }
                },
            ),
        ]);
    }
    print!("{table}");
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

/// `helm template` of a chart against Helm's starter chart, whole program runs, for both versions of Helm.
///
/// # Errors
/// If a tool cannot be built, or Helm fails.
pub fn helm_template(chart: &Path, runs: u16) -> Result<Vec<Row>> {
    let dir = tempfile::tempdir().map_err(Error::file("temporary directory"))?;
    tools::ensure(&Helm::ALL.map(Helm::tool))?;
    let starter = starter(dir.path())?;
    let mut rows = Vec::new();
    for helm in Helm::ALL {
        let name = |chart: &str| format!("helm {} template {chart}", helm.major());
        let (first, second) = interleaved(
            runs,
            || template(helm, &starter, dir.path()),
            || template(helm, chart, dir.path()),
        )?;
        let base = row(name("starter"), &first, objects(helm, &starter)?);
        let ours = row(name("chart"), &second, objects(helm, chart)?).against(&base);
        rows.extend([base, ours]);
    }
    Ok(rows)
}

/// Makes a row of the runs in their order.
#[must_use]
pub fn row(what: String, runs: &[Duration], objects: usize) -> Row {
    let cold = runs.first().copied().unwrap_or_default();
    Row {
        what,
        cold,
        warm: median(
            runs.get(1..)
                .filter(|warm| !warm.is_empty())
                .unwrap_or(runs),
        ),
        objects,
        ratio: None,
    }
}

/// Times two things in turns (A B A B …), so that both meet the same weather: one cold run and `warm` warm ones each.
///
/// # Errors
/// The first error of either.
pub fn interleaved(
    warm: u16,
    mut a: impl FnMut() -> Result<()>,
    mut b: impl FnMut() -> Result<()>,
) -> Result<(Vec<Duration>, Vec<Duration>)> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..=warm {
        first.push(timed(&mut a)?);
        second.push(timed(&mut b)?);
    }
    Ok((first, second))
}

/// Times something that is too short to be timed alone: each run is a batch, and a row's times are
/// those of one call.
pub fn timed_batch(
    what: &str,
    batch: u32,
    warm: u16,
    objects: usize,
    mut call: impl FnMut(),
) -> Row {
    let mut runs = Vec::new();
    // The first call alone is the cold one.
    let clock = Instant::now();
    call();
    runs.push(clock.elapsed());
    for _ in 0..warm {
        let clock = Instant::now();
        (0..batch).for_each(|_| call());
        runs.push(clock.elapsed() / batch);
    }
    row(what.to_owned(), &runs, objects)
}

fn timed(run: &mut impl FnMut() -> Result<()>) -> Result<Duration> {
    let clock = Instant::now();
    run()?;
    Ok(clock.elapsed())
}

/// The middle of the times; of an even number of them, the upper of the two.
fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn starter(dir: &Path) -> Result<PathBuf> {
    succeed(
        helm::command(Helm::V4, None, dir)?
            .args(["create", "web"])
            .current_dir(dir),
    )?;
    Ok(dir.join("web"))
}

fn template(helm: Helm, chart: &Path, dir: &Path) -> Result<()> {
    succeed(
        helm::command(helm, None, dir)?
            .args(["template", "spira"])
            .arg(chart),
    )
}

fn succeed(command: &mut std::process::Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start {
            program: "helm".into(),
            source,
            hint: "",
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        what: format!("{command:?}"),
        status: output.status,
        output: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// How many objects a chart has with its defaults.
fn objects(helm: Helm, chart: &Path) -> Result<usize> {
    let answer = Oracle::start(helm, chart)?.render(&Case::default())?;
    let rendered = answer.map_err(|message| Error::Oracle {
        chart: chart.into(),
        message,
    })?;
    Ok(rendered.objects.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cold_is_the_first_run_and_warm_the_median_of_the_rest() {
        let runs = [90, 5, 1, 3].map(Duration::from_millis);
        let row = row("a".into(), &runs, 3);
        assert_eq!(
            (row.cold, row.warm, row.per_object()),
            (runs[0], runs[3], Duration::from_millis(1))
        );
        let other = super::row("b".into(), &[90, 12].map(Duration::from_millis), 6).against(&row);
        assert_eq!(other.ratio, Some(("a".into(), 2.0)));
    }

    #[test]
    fn runs_are_interleaved() {
        let order = std::cell::RefCell::new(String::new());
        let push = |name| {
            order.borrow_mut().push(name);
            Ok(())
        };
        let (a, b) = interleaved(2, || push('a'), || push('b')).expect("no errors");
        assert_eq!(
            (a.len(), b.len(), order.borrow().as_str()),
            (3, 3, "ababab")
        );
    }
}
