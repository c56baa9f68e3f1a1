//! How fast the library and the generator are, and what the chart costs Helm: ratios of one run.
//!
//! `cargo xtask bench` starts it; by itself: `cargo bench -p spira-tests --bench ratios -- [--runs N] [--chart DIR]`.

use std::{path::PathBuf, process::ExitCode};

use spira_chart_gen::{chart, compile, prove::Effort};
use spira_manifests::{Release, Values};
use xtask::{
    Result,
    bench::{Row, generator, helm_template, interleaved, print, row, timed_batch},
    project,
};

/// A batch is long enough for the clock to measure: one rendering takes well under a millisecond.
const BATCH: u32 = 200;

fn main() -> ExitCode {
    let (chart, runs) = arguments();
    match measure(&chart, runs) {
        Ok(rows) => {
            print(&rows);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// `--chart DIR` and `--runs N`; what cargo adds itself (`--bench`) is passed over.
fn arguments() -> (PathBuf, u16) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| {
        words
            .iter()
            .position(|word| word == name)
            .and_then(|at| words.get(at + 1))
    };
    let chart =
        after("--chart").map_or_else(|| project::root().join("charts/spira"), PathBuf::from);
    let runs = after("--runs")
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(9);
    (chart, runs)
}

fn measure(chart: &std::path::Path, runs: u16) -> Result<Vec<Row>> {
    let mut rows = helm_template(chart, runs)?;
    let values = Values::default();
    let release = Release::new("spira", "spira");
    let count = values.objects(&release).len();
    let render = || {
        std::hint::black_box(std::hint::black_box(&values).objects(&release));
    };
    let library = timed_batch("library renders SPIRA", BATCH, runs, count, render);
    // What Helm 4 takes for the same objects, with the start of its program.
    let helm = rows
        .iter()
        .find(|row| row.what == "helm 4 template chart")
        .cloned();
    rows.push(match &helm {
        Some(helm) => library.against(helm),
        None => library,
    });
    let (traced, proven) = interleaved(
        runs.min(5),
        || {
            generate(None);
            Ok(())
        },
        || {
            generate(Some(Effort::default()));
            Ok(())
        },
    )?;
    rows.push(row("generate, tracing only".to_owned(), &traced, count));
    rows.push(row("generate, with its proof".to_owned(), &proven, count));
    let load = generator(10)?;
    println!(
        "the load generator: {:.0} posts a second (four files of 32 KB each) from one core, {} MiB at most",
        load.rate,
        load.peak / 1024
    );
    rows.extend(load.rows);
    Ok(rows)
}

fn generate(effort: Option<Effort>) {
    let charts = chart::generate(&compile::Options { effort }, &|_| ());
    std::hint::black_box(charts.expect("the committed components are proven"));
}
