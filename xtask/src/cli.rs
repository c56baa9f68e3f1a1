//! The command line: `cargo xtask …`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::publish::{self, Package};
use crate::tools::{self, Tool};
use crate::{Error, Result, bench, changelog, project, trial};

/// Builds the tools that the tests need, tries the chart on a real control plane, measures.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  cargo xtask try                                  a control plane of its own, gone with Ctrl-C
  cargo xtask try -f examples/values/everything.yaml     with values
  cargo xtask try --operators                      with the operators of PostgreSQL and MongoDB
  cargo xtask try --kubeconfig ~/.kube/config      into a cluster that is there
  cargo xtask tools helm4 oracle                   build only these
  cargo xtask bench                                ratios, as a table
  cargo xtask publish oci://localhost:5000/charts  package and push the chart

Exit codes: 0 success, 1 failure, 2 wrong arguments, 130 interrupted.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Installs the chart on a real control plane and shows what comes up.
    Try(Try),
    /// Builds tools (all of them by default) and prints their paths.
    Tools {
        /// Tools to build.
        names: Vec<Tool>,
    },
    /// Packages the chart, with what its version changes.
    Package(PackageArgs),
    /// Packages the chart and pushes it into an OCI registry.
    Publish {
        /// The registry, such as `oci://ghcr.io/spirabr/charts`. Log in with `helm registry login`.
        registry: String,
        #[command(flatten)]
        package: PackageArgs,
    },
    /// Prints what the latest version changes, as notes of a release.
    Notes,
    /// Measures rendering: our chart against Helm's starter chart.
    Bench(Bench),
}

/// Arguments of `try`.
#[derive(Debug, Args)]
pub struct Try {
    /// Installs into this cluster instead of one of its own.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Namespace of the release; it enforces Pod Security `restricted`, unless operators run.
    #[arg(long, short, default_value = "spira")]
    pub namespace: String,
    /// Name of the release.
    #[arg(long, default_value = "spira")]
    pub release: String,
    /// Runs the operators of PostgreSQL and MongoDB, so that the databases come into being; the namespace then enforces
    /// Pod Security `baseline`, which is as strict as PostgreSQL's pods bear.
    #[arg(long, conflicts_with = "kubeconfig")]
    pub operators: bool,
    /// Stays up until Ctrl-C even when not on a terminal.
    #[arg(long)]
    pub keep: bool,
    /// Values file, as of `helm install`.
    #[arg(long, short = 'f', value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// Value, as of `helm install`.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Directory of the chart.
    #[arg(long, value_name = "DIR", default_value_os_t = project::root().join("charts/spira"))]
    pub chart: PathBuf,
}

/// Arguments of `package`.
#[derive(Debug, Args)]
pub struct PackageArgs {
    /// Directory of the chart.
    #[arg(long, value_name = "DIR", default_value_os_t = project::root().join("charts/spira"))]
    chart: PathBuf,
    /// Directory of the package.
    #[arg(long, value_name = "DIR", default_value_os_t = publish::default_out())]
    out: PathBuf,
}

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// Directory of the chart.
    #[arg(long, value_name = "DIR", default_value_os_t = project::root().join("charts/spira"))]
    pub chart: PathBuf,
    /// Warm runs of each measurement, of which the median is taken.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    pub runs: u16,
}

/// Runs a command.
///
/// # Errors
/// What makes the command fail; [`Error::exit_code`] is the exit code.
pub async fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Try(args) => trial::run(&args).await,
        Command::Tools { names } => build(names).await,
        Command::Package(args) => package(&args).map(drop),
        Command::Publish {
            registry,
            package: args,
        } => {
            let package = package(&args)?;
            print!("{}", publish::push(&package.path, &registry)?);
            Ok(())
        }
        Command::Notes => {
            println!("{}", changelog::read()?);
            Ok(())
        }
        Command::Bench(args) => tokio::task::spawn_blocking(move || bench::run(&args))
            .await
            .expect("bench::run does not panic"),
    }
}

/// Packages the chart, and prints where it is and its digest.
fn package(args: &PackageArgs) -> Result<Package> {
    let package = publish::package(&args.chart, &args.out)?;
    let Package { path, digest, size } = &package;
    println!("{}", path.display());
    println!("sha256:{digest} {size} bytes");
    Ok(package)
}

async fn build(names: Vec<Tool>) -> Result<()> {
    let names = if names.is_empty() {
        Tool::ALL.to_vec()
    } else {
        names
    };
    let wanted = names.clone();
    let tools = tokio::task::spawn_blocking(move || tools::ensure(&wanted))
        .await
        .expect("tools::ensure does not panic")?;
    for tool in names {
        println!("{}", tools.path(tool).display());
    }
    Ok(())
}

/// Checks that a directory holds a chart, before anything is built for it.
pub(crate) fn check_chart(chart: &std::path::Path) -> Result<()> {
    let file = chart.join("Chart.yaml");
    std::fs::metadata(&file)
        .map(drop)
        .map_err(Error::file(file))
}
