//! `cargo xtask`: see `cargo xtask --help`.

use clap::Parser;
use xtask::cli::Cli;

#[tokio::main]
async fn main() {
    let code = match xtask::cli::run(Cli::parse()).await {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("error: {error}");
            error.exit_code()
        }
    };
    // Returning would wait for a build that goes on in a thread of the runtime; this ends it. Everything else that the
    // command started has been dropped.
    std::process::exit(code.into());
}
