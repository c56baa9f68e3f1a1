//! `cargo xtask`.
use xtask::tools::Tool;
fn main() -> Result<(), xtask::Error> {
    use clap::ValueEnum;
    let t: Vec<Tool> = std::env::args()
        .skip(1)
        .map(|a| Tool::from_str(&a, true).expect("tool"))
        .collect();
    xtask::tools::ensure(&t).map(drop)
}
