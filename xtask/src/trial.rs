//! `cargo xtask try`: from nothing to an installed chart on a real control plane.

use std::fmt::Write as _;
use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use kube::Client;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Try, check_chart};
use crate::cluster::{Cluster, Options};
use crate::definitions;
use crate::helm::{self, Helm};
use crate::objects::{self, Workload};
use crate::operators::{self, Operators};
use crate::progress::{Progress, note};
use crate::table::Table;
use crate::tools::{self, Tool};
use crate::{Error, Result};

/// How long the operators may take until they say that their databases run.
const DATABASES: Duration = Duration::from_mins(3);

/// Runs the command; an interruption at any point takes down what was started.
pub(crate) async fn run(args: &Try) -> Result<()> {
    check_chart(&args.chart)?;
    for file in &args.values {
        std::fs::metadata(file).map_err(Error::file(file))?;
    }
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::file("SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::file("SIGINT"))?;
    let mut cluster = None;
    let mut operators = None;
    let result = tokio::select! {
        result = install(args, &mut cluster, &mut operators) => result,
        _ = terminate.recv() => Err(Error::Interrupted),
        _ = interrupt.recv() => Err(Error::Interrupted),
    };
    let Some(cluster) = cluster else {
        return result;
    };
    let stays = result.is_ok() && (args.keep || stdout().is_terminal());
    if stays {
        println!(
            "\nThe cluster is up until Ctrl-C. To look around from another terminal:\n\n  export KUBECONFIG={}\n",
            cluster.kubeconfig().display()
        );
        tokio::select! {
            _ = terminate.recv() => {},
            _ = interrupt.recv() => {},
        }
    }
    let clock = Instant::now();
    drop(operators);
    cluster.stop().await?;
    note(&format!(
        "the cluster is down ({:.1} s)",
        clock.elapsed().as_secs_f64()
    ));
    result
}

/// The steps; what they start is left in `started` and `running` even when a later step fails or is given up.
async fn install(
    args: &Try,
    started: &mut Option<Cluster>,
    running: &mut Option<Operators>,
) -> Result<()> {
    let mut steps = Vec::new();
    let clock = Instant::now();
    let mut wanted = vec![Tool::Helm4];
    if args.kubeconfig.is_none() {
        wanted.extend(Tool::CONTROL_PLANE);
    }
    if args.operators {
        wanted.extend(Tool::OPERATORS);
    }
    tokio::task::spawn_blocking(move || tools::ensure(&wanted))
        .await
        .expect("tools::ensure does not panic")?;
    steps.push(("tools", clock.elapsed()));

    let target = if let Some(file) = &args.kubeconfig {
        Target {
            client: objects::connect(file).await?,
            kubeconfig: file.clone(),
            home: crate::project::target_dir().join("helm"),
        }
    } else {
        let progress = Progress::start("booting a control plane".into());
        let options = Options {
            stages: operators::STAGES.into(),
            ..Options::default()
        };
        let cluster = started.insert(Cluster::start(options).await?);
        steps.push(("control plane", progress.done()));
        let client = cluster.client()?;
        let clock = Instant::now();
        definitions::install(&client).await?;
        steps.push(("definitions", clock.elapsed()));
        if args.operators {
            let clock = Instant::now();
            *running = Some(Operators::start(cluster).await?);
            steps.push(("operators", clock.elapsed()));
        }
        Target {
            client,
            kubeconfig: cluster.kubeconfig().into(),
            home: cluster.state_dir().into(),
        }
    };
    let clock = Instant::now();
    let level = if args.operators {
        "baseline"
    } else {
        "restricted"
    };
    objects::create_namespace(&target.client, &args.namespace, level).await?;
    steps.push(("namespace", clock.elapsed()));

    let progress = Progress::start(format!(
        "helm install {} {} --wait",
        args.release,
        args.chart.display()
    ));
    helm_install(args, &target).await?;
    steps.push(("helm install --wait", progress.done()));
    if let Some(operators) = running {
        let clock = Instant::now();
        let databases = operators
            .settle(&target.client, &args.namespace, DATABASES)
            .await?;
        steps.push(("databases", clock.elapsed()));
        if databases.is_empty() {
            note("the release holds no database for the operators to act on");
        }
    }
    print_steps(&steps);
    print_workloads(&objects::workloads(&target.client, &args.namespace).await?);
    if args.kubeconfig.is_some() {
        println!(
            "\nTo take it out again:\n\n  helm uninstall {} --namespace {}\n",
            args.release, args.namespace
        );
    }
    Ok(())
}

/// The cluster that is installed into.
struct Target {
    client: Client,
    kubeconfig: PathBuf,
    /// Where Helm keeps its files.
    home: PathBuf,
}

async fn helm_install(args: &Try, target: &Target) -> Result<()> {
    let mut command = helm::command(Helm::V4, Some(&target.kubeconfig), &target.home)?;
    command.args(["install", &args.release]).arg(&args.chart);
    command.args(["--namespace", &args.namespace, "--wait", "--timeout", "5m"]);
    for file in &args.values {
        command.arg("--values").arg(file);
    }
    for set in &args.set {
        command.args(["--set", set]);
    }
    command.stdin(Stdio::null());
    let output = tokio::process::Command::from(command)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| Error::Start {
            program: "helm4".into(),
            source,
            hint: "",
        })?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.push_str(&state(&target.client, &args.namespace).await);
    Err(Error::Failed {
        what: format!("helm install of {}", args.chart.display()),
        status: output.status,
        output: text,
    })
}

/// How far a failed installation has come, as far as that can be told.
async fn state(client: &Client, namespace: &str) -> String {
    let workloads = objects::workloads(client, namespace)
        .await
        .unwrap_or_default();
    let mut text = String::new();
    for w in workloads.iter().filter(|w| w.ready < w.wanted) {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n{} {}: {}/{} ready",
            w.kind, w.name, w.ready, w.wanted
        );
    }
    text
}

fn print_steps(steps: &[(&str, Duration)]) {
    let mut table = Table::new(&["STEP", "TIME"]);
    for (step, took) in steps {
        table.row(&[(*step).into(), format!("{:.1} s", took.as_secs_f64())]);
    }
    let total: Duration = steps.iter().map(|(_, took)| *took).sum();
    table.row(&["total".into(), format!("{:.1} s", total.as_secs_f64())]);
    println!("{table}");
}

fn print_workloads(workloads: &[Workload]) {
    let mut table = Table::new(&["KIND", "NAME", "READY", "TIME"]);
    for w in workloads {
        let took = w
            .took
            .map_or_else(|| "-".into(), |took| format!("{} s", took.as_secs()));
        table.row(&[
            w.kind.into(),
            w.name.clone(),
            format!("{}/{}", w.ready, w.wanted),
            took,
        ]);
    }
    println!("{table}");
}
