//! `spira-chart-gen`: see `--help`.

use clap::Parser;

/// Documents are many small allocations on several threads, where the system's allocator takes a
/// third of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    spira_chart_gen::cli::Cli::parse().run()
}
