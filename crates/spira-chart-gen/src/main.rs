//! `spira-chart-gen`: see `--help`.

use clap::Parser;

fn main() -> std::process::ExitCode {
    spira_chart_gen::cli::Cli::parse().run()
}
