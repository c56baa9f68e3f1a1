//! What is done, by how many at a time, and how much it was.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use xtask::cluster::Cluster;
use xtask::helm::Helm;

use super::cells::Cell;
use super::changes::{self, Group};
use super::leaves::Leaf;
use super::release::{Report, Worker};
use super::{names, remains};

/// How many releases are changed at the same time: more than cores, as each waits for the API server half of its time.
pub const WORKERS: usize = 3;

/// Something to be done, apart from all else.
pub struct Job {
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

    /// Whether it is about what controllers do, too.
    fn is_controlled(&self) -> bool {
        matches!(
            self,
            Self::Cell(Cell::Examples(_) | Cell::OlderChart(..) | Cell::OtherHelm)
                | Self::Remains(_)
        )
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

/// All jobs that are about controllers, or all that are not. The longest come first, so that no worker is left alone with one.
pub fn all(leaves: &[Leaf], are_controlled: bool) -> VecDeque<Job> {
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
    let all = cells.chain(others).chain(groups);
    all.filter(|job| job.run.is_controlled() == are_controlled)
        .filter(|job| wanted.split(',').any(|word| job.name.contains(word)))
        .collect()
}

/// Lets all workers take jobs until there are none.
pub async fn work(cluster: &Cluster, jobs: VecDeque<Job>, are_controlled: bool) -> Report {
    let jobs = Arc::new(Mutex::new(jobs));
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let mut worker = Worker::new(cluster, are_controlled);
            let jobs = Arc::clone(&jobs);
            tokio::spawn(async move {
                while let Some(job) = next(&jobs) {
                    done(&mut worker, &job).await;
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

fn next(jobs: &Mutex<VecDeque<Job>>) -> Option<Job> {
    jobs.lock().expect("nobody panics with it").pop_front()
}

async fn done(worker: &mut Worker, job: &Job) {
    let clock = Instant::now();
    let (actions, faults) = (worker.report.actions, worker.report.faults.len());
    job.run(worker).await;
    let sum = worker.report.kinds.entry(job.run.kind()).or_default();
    sum.0 += 1;
    sum.1 += worker.report.actions - actions;
    sum.2 += clock.elapsed();
    for fault in &worker.report.faults[faults..] {
        println!("{}: {fault}", job.name);
    }
}
