//! What is traced, is traced exactly.

use spira_chart_gen::prove::{Effort, prove};

use crate::{cases, support::subject};

#[test]
fn everything_at_once() {
    let subject = subject("api", include_str!("cases.rs"), cases::objects);
    let start = std::time::Instant::now();
    let traced = spira_chart_gen::trace::trace(&subject).expect("the cases can be traced");
    println!(
        "{} choices, {} runs, {} rounds, {:?}",
        traced.samples.choices.len(),
        traced.runs,
        traced.rounds,
        start.elapsed()
    );
    let start = std::time::Instant::now();
    let proof = prove(
        &subject,
        &traced,
        Effort {
            random: 3000,
            ..Effort::default()
        },
    );
    println!("{proof:?} {:?}", start.elapsed());
    assert!(proof.is_ok(), "{}", proof.expect_err("it failed"));
}

/// The text of a chart in which all of it meets.
#[test]
fn everything_at_once_reads_well() {
    let subject = subject("api", include_str!("cases.rs"), cases::objects);
    let traced = spira_chart_gen::trace::trace(&subject).expect("the cases can be traced");
    let files = spira_chart_gen::emit::templates("api", &traced, include_str!("cases.rs"))
        .expect("the cases can be written")
        .files;
    let text: String = files
        .iter()
        .map(|file| format!("=== {}\n{}\n", file.path, file.text))
        .collect();
    insta::assert_snapshot!(text);
}
