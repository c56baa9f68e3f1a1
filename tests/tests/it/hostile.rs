//! What nobody means: texts that templates, YAML or shells could take for something else, documents that are too deep
//! or too long, files that are none. Each is read by all alike or refused by all, and nothing breaks.

pub mod table;

use xtask::helm::Helm;
use xtask::oracle::{Answer, Oracle};

use crate::compare::{agree, compare};
use crate::support::{Case, Outcome, Refusal, chart};

use self::table::{Hostile, Says};

/// No message is longer than a screen or two, however long the values are.
const LONGEST: usize = 10_000;

#[test]
fn hostile_values_are_read_alike_or_refused_by_all() {
    let table = table::all();
    let cases: Vec<_> = table
        .iter()
        .map(|one| Case {
            set: one.set.clone(),
            ..Case::new(&*one.values)
        })
        .collect();
    let questions: Vec<_> = cases.iter().map(Case::for_helm).collect();
    let library: Vec<_> = cases.iter().map(Case::outcome).collect();
    let mut faults = Vec::new();
    for helm in Helm::ALL {
        let mut oracle = Oracle::start(helm, &chart()).expect("oracle");
        let answers = oracle.render_all(&questions).expect("answers");
        for ((one, library), answer) in table.iter().zip(&library).zip(&answers) {
            if let Some(fault) = fault(one, library, answer) {
                faults.push(format!(
                    "Helm {}: {}: {}",
                    helm.major(),
                    one.what,
                    brief(&fault)
                ));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {}:\n{}",
        faults.len(),
        table.len(),
        faults.join("\n")
    );
}

/// What is not as the table says.
fn fault(one: &Hostile, library: &Outcome, answer: &Answer) -> Option<String> {
    match (&one.says, library, answer) {
        (Says::Accepted, Ok(_), Ok(_)) => compare(library, answer).err().map(|found| found.text),
        (Says::Refused(ours, theirs), Err(refusal), Err(message)) => {
            let text = refusal.to_string();
            if !text.contains(ours) || !message.contains(theirs) {
                Some(format!("library: {text}\n  Helm: {message}"))
            } else if text.len() > LONGEST {
                Some(format!(
                    "the library's message has {} characters: {text}",
                    text.len()
                ))
            } else {
                compare(library, answer).err().map(|found| found.text)
            }
        }
        (Says::TooDeep(ours), Err(Refusal::Unreadable(text)), Ok(_)) if text.contains(ours) => None,
        _ => Some(format!("library: {library:?}\n  Helm: {answer:?}")),
    }
}

fn brief(text: &str) -> String {
    text.lines()
        .map(|line| line.chars().take(300).collect::<String>() + "\n")
        .take(12)
        .collect()
}

/// Names that Helm and Kubernetes take, and that YAML would take for something else.
#[test]
fn names_that_are_words_or_numbers_stay_texts() {
    for name in [
        "0",
        "123",
        "1e3",
        "0x10",
        "012",
        "true",
        "null",
        "no",
        "y",
        "1-1",
        "2026-01-01",
    ] {
        let case = Case {
            release: name.to_owned(),
            namespace: name.to_owned(),
            ..Case::new("")
        };
        agree(&case).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
