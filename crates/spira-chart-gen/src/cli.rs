//! The command line.

use std::{
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use spira_manifests::{Release, document};

use crate::{
    chart, compare,
    compile::Options,
    explain::{ExplainError, Explainer},
    graph, output,
    promise::{self, Record},
    prove::Effort,
    render,
};

const EXAMPLES: &str = "\
Examples:
  spira-chart-gen generate                          write charts/spira
  spira-chart-gen generate --check                  exit 1 if charts/spira is not up to date
  spira-chart-gen render spira -n spira -f my.yaml  what helm template would print
  spira-chart-gen explain api-server.replicas       what a value is and does
  spira-chart-gen explain Deployment/api-server:spec.replicas
  spira-chart-gen images --set nats.enabled=false
  spira-chart-gen diff now.yaml then.yaml           what an upgrade to other values changes
  spira-chart-gen graph --format svg > wiring.svg
  spira-chart-gen changes                           what changed since the last release
  spira-chart-gen completions bash > /etc/bash_completion.d/spira-chart-gen

Exit codes: 0 done; 1 the chart is not up to date, a builder cannot be made a chart, or the cluster
lacks an API; 2 wrong usage or wrong values.";

/// Makes the Helm chart of SPIRA from its builders in Rust, and renders and explains it.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the charts, after proving that they render what the builders build
    Generate {
        /// Write nothing; exit 1 and list the files that are not up to date
        #[arg(long)]
        check: bool,
        /// The folder of the charts
        #[arg(long, value_name = "DIR", default_value = "charts")]
        out: PathBuf,
    },
    /// Print the manifests straight from the builders, without Helm
    Render {
        /// The name of the release
        #[arg(default_value = "release-name")]
        name: String,
        /// The namespace of the release
        #[arg(short, long, default_value = "default", overrides_with = "namespace")]
        namespace: String,
        /// An API that the cluster serves, as `helm template` takes it (v1/Pod). Where that one is
        /// among them, what the values need and is not is an error; see global.preflight
        #[arg(short, long = "api-versions", value_name = "GV")]
        api_versions: Vec<String>,
        #[command(flatten)]
        values: ValueFlags,
    },
    /// Say what a value is and reaches, or which values set a field
    Explain {
        /// A value (`api-server.replicas`) or a field (`Deployment/api-server:spec.replicas`)
        path: String,
    },
    /// Print every image that the values would pull, a line each
    Images {
        #[command(flatten)]
        values: ValueFlags,
    },
    /// Print the wiring of the components as a graph
    Graph {
        /// DOT is Graphviz' language; SVG is a picture for browsers
        #[arg(long, value_enum, default_value_t = Format::Dot)]
        format: Format,
    },
    /// Say which objects and fields differ between two values files
    Diff {
        /// The values now: a file, or - for standard input
        old: PathBuf,
        /// The values then
        new: PathBuf,
        /// Exit 1 if anything differs
        #[arg(long)]
        exit_code: bool,
    },
    /// List what changed since the last released version; exit 1 if this version's number is too
    /// small for it
    Changes {
        /// The folder of the records of released versions
        #[arg(long, value_name = "DIR", default_value = promise::FOLDER)]
        releases: PathBuf,
        /// Write the record of this version there, when it is released
        #[arg(long)]
        record: bool,
    },
    /// Print what makes a shell complete this program's commands and options
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// In which form a graph is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Dot,
    Svg,
}

/// Where values come from, spelt as Helm spells it.
#[derive(Debug, Args)]
struct ValueFlags {
    /// A values file, or - for standard input; may be given several times
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Values such as a.b=c,d[0]=e,f={x,y}; may be given several times
    #[arg(long, value_name = "K=V")]
    set: Vec<String>,
    /// The same, but every value is text
    #[arg(long, value_name = "K=V")]
    set_string: Vec<String>,
}

impl ValueFlags {
    fn load(self) -> Result<document::Loaded, Failure> {
        let sources = document::Sources {
            files: self.files,
            set: self.set,
            set_string: self.set_string,
        };
        document::load(&sources).map_err(wrong)
    }
}

/// What went wrong, and with which exit code.
struct Failure {
    code: u8,
    message: String,
}

fn refused(error: impl std::fmt::Display) -> Failure {
    Failure {
        code: 1,
        message: error.to_string(),
    }
}

fn wrong(error: impl std::fmt::Display) -> Failure {
    Failure {
        code: 2,
        message: error.to_string(),
    }
}

/// What is wrong with a cluster is no wrong usage.
fn unrendered(error: render::RenderError) -> Failure {
    match &error {
        render::RenderError::Refused(why) if !why.is_about_values() => refused(error),
        _ => wrong(error),
    }
}

impl Cli {
    /// Does what was asked for, prints what went wrong, and says how to exit.
    #[must_use]
    pub fn run(self) -> ExitCode {
        match self.command.run() {
            Ok(text) => print(&text),
            Err(failure) => {
                let red = anstyle_of(clap::builder::styling::AnsiColor::Red);
                anstream::eprintln!("{red}error:{red:#} {}", failure.message);
                ExitCode::from(failure.code)
            }
        }
    }
}

fn anstyle_of(color: clap::builder::styling::AnsiColor) -> clap::builder::styling::Style {
    color.on_default().bold()
}

/// Prints the result; a reader that has seen enough, such as `head`, is no error.
fn print(text: &str) -> ExitCode {
    match anstream::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            anstream::eprintln!("error: standard output: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

impl Command {
    fn run(self) -> Result<String, Failure> {
        match self {
            Self::Generate { check, out } => generate(&out, check),
            Self::Render {
                name,
                namespace,
                api_versions,
                values,
            } => {
                check_name("release", &name, 53)?;
                check_name("namespace", &namespace, 63)?;
                let loaded = values.load()?;
                let release = Release::new(name, namespace).with_served(api_versions);
                let objects = render::objects(&loaded, &release).map_err(unrendered)?;
                Ok(render::manifests(&objects))
            }
            Self::Explain { path } => {
                Explainer::new(&tell)
                    .explain(&path)
                    .map_err(|error| match error {
                        ExplainError::Unknown { .. } => wrong(error),
                        ExplainError::Refused(_) => refused(error),
                    })
            }
            Self::Images { values } => {
                let loaded = values.load()?;
                let release = Release::new("release-name", "default");
                // Which images are pulled does not depend on credentials.
                let objects = loaded.objects(&release).map_err(refused)?;
                let mut lines = render::images(&objects);
                lines.push(String::new());
                Ok(lines.join("\n"))
            }
            Self::Graph { format } => {
                let dot = graph::dot(&tell).map_err(refused)?;
                match format {
                    Format::Dot => Ok(dot),
                    Format::Svg => graph::svg(&dot).map_err(refused),
                }
            }
            Self::Diff {
                old,
                new,
                exit_code,
            } => diff(old, new, exit_code),
            Self::Changes { releases, record } => changes(&releases, record),
            Self::Completions { shell } => {
                let mut text = Vec::new();
                let mut command = Cli::command();
                let name = command.get_name().to_owned();
                clap_complete::generate(shell, &mut command, name, &mut text);
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            Self::Man => {
                let mut text = Vec::new();
                let page = clap_mangen::Man::new(Cli::command());
                page.render(&mut text).map_err(refused)?;
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
        }
    }
}

/// Says on a terminal what is at work.
fn tell(component: &str) {
    if std::io::stderr().is_terminal() {
        anstream::eprintln!("tracing {component} …");
    }
}

/// As Helm and Kubernetes take names.
fn check_name(what: &str, name: &str, most: usize) -> Result<(), Failure> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let dots = if what == "release" { "-." } else { "-" };
    let right = !name.is_empty()
        && name.len() <= most
        && name.chars().all(|c| inner(c) || dots.contains(c))
        && name
            .split('.')
            .all(|part| part.starts_with(inner) && part.ends_with(inner));
    if right {
        return Ok(());
    }
    Err(wrong(format!(
        "{what} {name:?}: at most {most} lower-case letters, digits and dashes, such as spira"
    )))
}

fn diff(old: PathBuf, new: PathBuf, exit_code: bool) -> Result<String, Failure> {
    let load = |file: PathBuf| {
        let sources = document::Sources {
            files: vec![file],
            ..document::Sources::default()
        };
        document::load(&sources).map_err(wrong)
    };
    let (old, new) = (load(old)?, load(new)?);
    let differing = compare::objects(&old, &new).map_err(unrendered)?;
    let text: String = differing.iter().map(ToString::to_string).collect();
    if exit_code && !differing.is_empty() {
        print(&text);
        return Err(refused(format!("{} objects differ", differing.len())));
    }
    Ok(text)
}

fn changes(releases: &Path, record: bool) -> Result<String, Failure> {
    let this = Record::of_this_version().map_err(refused)?;
    let mut text = String::new();
    match Record::last(releases).map_err(refused)? {
        Some(last) => {
            for change in promise::check(&last, &this).map_err(refused)? {
                text.push_str(&format!("{change}\n"));
            }
        }
        None => anstream::eprintln!("{}: no version was released", releases.display()),
    }
    if record {
        let path = this.write(releases).map_err(refused)?;
        anstream::eprintln!("{} written", path.display());
    }
    Ok(text)
}

/// Refuses a number of this version that is too small for what changed since the last one.
fn check_version() -> Result<(), Failure> {
    let Some(last) = Record::last(Path::new(promise::FOLDER)).map_err(refused)? else {
        return Ok(());
    };
    let this = Record::of_this_version().map_err(refused)?;
    promise::check(&last, &this).map(drop).map_err(refused)
}

fn generate(out: &Path, check: bool) -> Result<String, Failure> {
    let start = Instant::now();
    check_version()?;
    let options = Options {
        effort: Some(Effort::default()),
    };
    let charts = chart::generate(&options, &|name| {
        anstream::eprintln!("{name}: tracing, proving …");
    })
    .map_err(refused)?;
    let took = format!("{:.1} s", start.elapsed().as_secs_f64());
    let (count, cases) = (charts.files.len(), charts.cases);
    anstream::eprintln!("{count} files, proven on {cases} documents, in {took}");
    if check {
        let stale = output::check(out, &charts.files).map_err(refused)?;
        if stale.is_empty() {
            return Ok(format!(
                "{} is up to date\n",
                out.join(document::UMBRELLA).display()
            ));
        }
        let lines: Vec<_> = stale.iter().map(ToString::to_string).collect();
        return Err(refused(format!(
            "{} of {count} files are not up to date, run `generate`:\n{}",
            stale.len(),
            lines.join("\n")
        )));
    }
    let written = output::write(out, &charts.files).map_err(refused)?;
    Ok(format!(
        "{}: {} files written, {} removed, {} unchanged\n",
        out.join(document::UMBRELLA).display(),
        written.changed,
        written.removed,
        count - written.changed
    ))
}
