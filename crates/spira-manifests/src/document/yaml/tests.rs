use serde_json::{Value, json};

use super::parse;

fn read(text: &str) -> Value {
    match parse(text) {
        Ok(map) => Value::Object(map),
        Err(error) => panic!("{text}: {error}"),
    }
}

#[test]
fn words_without_quotes_follow_yaml_1_1() {
    let cases = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!(true)),
        ("'yes'", json!("yes")),
        ("~", json!(null)),
        ("", json!(null)),
        ("0755", json!(493)),
        ("08", json!(8)),
        ("0o17", json!(15)),
        ("0x1F", json!(31)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("+12", json!(12)),
        ("3.0", json!(3)),
        ("1e3", json!(1000)),
        (".5", json!(0.5)),
        ("1.25", json!(1.25)),
        ("9007199254740993", json!(9_007_199_254_740_992.0)),
        ("2020-01-01", json!("2020-01-01")),
        ("1:30", json!("1:30")),
        ("v1", json!("v1")),
        ("\n- ", json!([null])),
        ("!!str 123", json!("123")),
        ("!!int '3'", json!(3)),
        ("!custom 3", json!("3")),
        ("1.2.3", json!("1.2.3")),
        ("500m", json!("500m")),
        ("=", json!("=")),
    ];
    for (text, expected) in cases {
        assert_eq!(read(&format!("a: {text}\n"))["a"], expected, "{text}");
    }
}

#[test]
fn keys_become_text() {
    assert_eq!(
        read("y: 1\n8080: 2\n010: 3\n'no': 4\n"),
        json!({ "true": 1, "8080": 2, "8": 3, "no": 4 })
    );
}

#[test]
fn later_keys_and_documents_win() {
    assert_eq!(
        read("a: 1\nb: {c: 1}\na: 2\n---\nb: {d: 2}\n---\n"),
        json!({ "a": 2, "b": { "c": 1, "d": 2 } })
    );
}

#[test]
fn anchors_and_merge_keys() {
    assert_eq!(
        read("x: &x {a: 1, b: 1}\nw:\n  <<: *x\n  b: 2\nz: *x\n"),
        json!({ "x": { "a": 1, "b": 1 }, "w": { "a": 1, "b": 2 }, "z": { "a": 1, "b": 1 } })
    );
}

#[test]
fn errors_say_where() {
    let error = |text| parse(text).expect_err(text).to_string();
    assert!(error("a: 1\nb: [").starts_with("2:") || error("a: 1\nb: [").starts_with("3:"));
    assert!(error("- a\n").contains("values must be a map"));
    assert!(error("a: .inf\n").contains("no number for JSON"));
    assert!(error("? [a]\n: 1\n").contains("a key must be text"));
    assert!(error("~: 1\n").contains("null cannot be a key"));
    let mut bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for (last, this) in "abcdefg".chars().zip("bcdefgh".chars()) {
        let aliases = vec![format!("*{last}"); 10].join(",");
        bomb.extend([format!("{this}: &{this} [{aliases}]\n")]);
    }
    assert!(
        parse(&bomb)
            .expect_err("too much")
            .message
            .contains("more than 1000000 values")
    );
}
