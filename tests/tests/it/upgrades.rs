//! A live release can be changed: in every number and flag of its values, to every example and back, from one version of the
//! chart and of Helm to the next.
//!
//! Helm's own code acts on a real API server, with the operators' own definitions. Operators do not run here, and what only
//! they would refuse is not seen. `SPIRA_UPGRADES=nats,older` runs only what has one of the words in its name.

mod bases;
mod cells;
mod changes;
mod leaves;
mod names;
mod release;
mod remains;
mod state;
mod tables;

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use spira_manifests::document::yaml;
use xtask::cluster::{Cluster, Options};
use xtask::definitions;
use xtask::helm::Helm;
use xtask::project;

use self::cells::Cell;
use self::changes::Group;
use self::release::{Report, Worker};
use crate::cluster::install_gateway_api;

/// How many releases are changed at the same time: more than cores, as each waits for the API server half of its time.
const WORKERS: usize = 3;

/// Something to be done, apart from all else.
struct Job {
    /// Unique; its namespace is called so.
    name: String,
    run: Run,
}

enum Run {
    /// Values of a release, one at a time.
    Changes(Group),
    Cell(Cell),
    /// Names of one's own.
    Names(Helm),
    /// Two releases at a time.
    Two(Helm),
    /// What stays at the end.
    Remains(Helm),
}

impl Run {
    /// What figures are told of.
    fn kind(&self) -> &'static str {
        match self {
            Self::Changes(_) => "a number or flag changed, and back",
            Self::Cell(Cell::Examples(_)) => "to each example, and back",
            Self::Cell(Cell::OlderChart(..)) => "from an older chart, and back",
            Self::Cell(Cell::OtherHelm) => "from Helm 3 to Helm 4",
            Self::Cell(Cell::RollBack(_)) => "rolled back",
            Self::Cell(Cell::Components(_)) => "each component off and on",
            Self::Cell(Cell::Autoscaling(_)) => "pods by load",
            Self::Names(_) => "odd names",
            Self::Two(_) => "two releases",
            Self::Remains(_) => "uninstalled",
        }
    }
}

impl Job {
    async fn run(&self, worker: &mut Worker) {
        match &self.run {
            Run::Changes(group) => changes::run(worker, &self.name, group).await,
            Run::Cell(cell) => cell.run(worker).await,
            Run::Names(helm) => names::odd_names(worker, *helm).await,
            Run::Two(helm) => names::two_releases(worker, *helm).await,
            Run::Remains(helm) => remains::remains(worker, *helm).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn releases_can_be_changed() {
    let clock = Instant::now();
    let leaves = leaves::all();
    let jobs = jobs(&leaves);
    assert!(!jobs.is_empty(), "SPIRA_UPGRADES names nothing");
    println!(
        "{} leaves in {} releases planned in {:.1} s",
        leaves.len(),
        jobs.len(),
        clock.elapsed().as_secs_f64()
    );
    let cluster = Cluster::start(Options::default()).await.expect("cluster");
    let client = cluster.client().expect("client");
    install_gateway_api(&client).await;
    definitions::install(&client).await.expect("definitions");
    println!("a cluster after {:.1} s", clock.elapsed().as_secs_f64());
    let report = work(&cluster, jobs).await;
    tell(&report, clock.elapsed());
    for line in &report.immutable {
        println!("IMMUTABLE {line}");
    }
    cluster.stop().await.expect("stop");
    assert!(
        report.faults.is_empty(),
        "{} faults:\n{}",
        report.faults.len(),
        report.faults.join("\n")
    );
}

fn tell(report: &Report, took: Duration) {
    for (kind, (jobs, actions, took)) in &report.kinds {
        println!(
            "{kind}: {jobs} jobs, {actions} actions of Helm, {:.1} s",
            took.as_secs_f64()
        );
    }
    println!(
        "{} values changed objects, {} none, {} were refused; {} actions of Helm ({:.1} s), {} looks ({:.1} s), {WORKERS} at a \
         time: {:.1} s",
        report.reached,
        report.silent,
        report.refused,
        report.actions,
        report.acting.as_secs_f64(),
        report.looks,
        report.looking.as_secs_f64(),
        took.as_secs_f64()
    );
}

fn jobs(leaves: &[leaves::Leaf]) -> VecDeque<Job> {
    let wanted = std::env::var("SPIRA_UPGRADES").unwrap_or_default();
    let groups = changes::plan(leaves).unwrap_or_else(|error| panic!("{error}"));
    let cells = Cell::all().into_iter().map(|cell| Job {
        name: cell.name(),
        run: Run::Cell(cell),
    });
    let others = Helm::ALL.into_iter().flat_map(|helm| {
        let job = |name: &str, run| Job {
            name: format!("{name}-{}", helm.major()),
            run,
        };
        [
            job("remains", Run::Remains(helm)),
            job("names", Run::Names(helm)),
            job("two", Run::Two(helm)),
        ]
    });
    let groups = groups.into_iter().enumerate().map(|(number, group)| {
        let words = group.base.name.to_lowercase().replace([',', ' '], "-");
        Job {
            name: format!("change-{words}-{number}").replace("--", "-"),
            run: Run::Changes(group),
        }
    });
    // The longest come first, so that no worker is left alone with one.
    cells
        .chain(others)
        .chain(groups)
        .filter(|job| wanted.split(',').any(|word| job.name.contains(word)))
        .collect()
}

/// Lets all workers take jobs until there are none.
async fn work(cluster: &Cluster, jobs: VecDeque<Job>) -> Report {
    let jobs = Arc::new(Mutex::new(jobs));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let mut worker = Worker::new(cluster);
            let jobs = Arc::clone(&jobs);
            tokio::spawn(async move {
                while let Some(job) = next(&jobs) {
                    let clock = Instant::now();
                    let before = worker.report.actions;
                    job.run(&mut worker).await;
                    let sum = worker.report.kinds.entry(job.run.kind()).or_default();
                    sum.0 += 1;
                    sum.1 += worker.report.actions - before;
                    sum.2 += clock.elapsed();
                }
                worker.report
            })
        })
        .collect();
    let mut report = Report::default();
    for worker in workers {
        report.add(worker.await.expect("a worker writes down what is wrong"));
    }
    report
}

/// The documentation, whose tables and examples are what is tested.
fn page() -> String {
    fs::read_to_string(project::root().join("docs/upgrading.md")).expect("docs/upgrading.md")
}

/// Values of a constant text.
fn read(text: &str) -> Map<String, Value> {
    yaml::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn next(jobs: &Mutex<VecDeque<Job>>) -> Option<Job> {
    jobs.lock().expect("nobody panics with it").pop_front()
}
