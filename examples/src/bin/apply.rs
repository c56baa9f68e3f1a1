//! Installs SPIRA, or changes an installation, without Helm: with this library and kube-rs.
//!
//! ```console
//! $ cargo run -p spira-examples --bin apply -- spira -n voices -f my-values.yaml --wait
//! ```
//!
//! What it does is in `src/apply.rs`, so that a test can run it too.

use std::{io, process::ExitCode};

use clap::Parser;
use spira_examples::apply::Apply;

#[tokio::main]
async fn main() -> ExitCode {
    let apply = Apply::parse();
    match apply.run(&mut io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
