//! What is traced, is traced exactly.

use crate::{cases, support::subject};

#[test]
fn everything_at_once() {
    let subject = subject("api", include_str!("cases.rs"), cases::objects);
    let start = std::time::Instant::now();
    let traced = spira_chart_gen::trace::trace(&subject).expect("the cases can be traced");
    println!("{} choices, {} runs, {} rounds, {:?}", traced.samples.choices.len(), traced.runs, traced.rounds, start.elapsed());
}
