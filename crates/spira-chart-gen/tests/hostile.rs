//! Whatever the program is given, it prints manifests, or says what is wrong and exits with 2: it never panics.

// What Helm says of a text is of another test.
#[allow(dead_code)]
#[path = "../../../tests/tests/it/hostile/table.rs"]
mod table;

use std::{fs, process::Output};

use assert_cmd::Command;
use table::Says;

/// The greatest argument that a system passes on to a program.
const LONGEST_ARGUMENT: usize = 100_000;

fn render(file: &std::path::Path, more: &[&str]) -> Output {
    Command::cargo_bin("spira-chart-gen")
        .expect("the program is built")
        .args(["render", "spira", "-f"])
        .arg(file)
        .args(more)
        .output()
        .expect("the program runs")
}

/// What is not as it should be.
fn fault(output: &Output, refusal: Option<&str>) -> Option<String> {
    let error = String::from_utf8_lossy(&output.stderr);
    let right = match refusal {
        None => output.status.code() == Some(0) && !output.stdout.is_empty() && error.is_empty(),
        Some(text) => {
            output.status.code() == Some(2) && output.stdout.is_empty() && error.contains(text)
        }
    };
    let start: String = error.chars().take(500).collect();
    (!right || error.contains("panicked")).then(|| format!("{}: {start}", output.status))
}

#[test]
fn hostile_values_are_rendered_or_refused() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let file = dir.path().join("values.yaml");
    let mut faults = Vec::new();
    for one in table::all() {
        fs::write(&file, &one.values).expect("written");
        if one.set.iter().any(|text| text.len() > LONGEST_ARGUMENT) {
            continue;
        }
        let set: Vec<_> = one.set.iter().flat_map(|text| ["--set", text]).collect();
        let refusal = match one.says {
            Says::Accepted => None,
            Says::Refused(text, _) | Says::TooDeep(text) => Some(text),
        };
        if let Some(fault) = fault(&render(&file, &set), refusal) {
            faults.push(format!("{}: {fault}", one.what));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_that_are_no_text_are_refused() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let file = dir.path().join("values.yaml");
    let files: [(&[u8], &str); 4] = [
        (b"nats: {image: {tag: \xff}}", "UTF-8"),
        (b"\xfe\xff\0n\0a\0t\0s", "UTF-8"),
        (b"\xed\xa0\x80", "UTF-8"),
        (&[0; 4096], "control character"),
    ];
    for (bytes, text) in files {
        fs::write(&file, bytes).expect("written");
        let fault = fault(&render(&file, &[]), Some(text));
        assert_eq!(fault, None, "{bytes:?}");
    }
    let fault = fault(&render(dir.path(), &[]), Some("directory"));
    assert_eq!(fault, None, "a directory");
}

#[test]
fn hostile_names_are_refused() {
    let long = "a".repeat(54);
    let names = [
        "{{ x }}", "a\"b", "A", "-a", "a-", "a..b", "a b", "a\nb", "é", "", &long,
    ];
    for name in names {
        let output = Command::cargo_bin("spira-chart-gen")
            .expect("the program is built")
            .args(["render", "--", name])
            .output()
            .expect("the program runs");
        assert_eq!(fault(&output, Some("release")), None, "{name:?}");
    }
}
