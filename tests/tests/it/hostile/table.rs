//! Values files and `--set` that are not what people write, and what both sides must say of them. The library and Helm
//! read them in `hostile`, the program in the generator's own tests.

/// What becomes of a case.
pub enum Says {
    /// Both accept it, and make the same objects.
    Accepted,
    /// Both refuse it, the library with this text, and Helm with that one.
    Refused(&'static str, &'static str),
    /// Only the library refuses it, with this text: it reads nothing that deep.
    TooDeep(&'static str),
}

/// A case.
pub struct Hostile {
    /// What is hostile about it.
    pub what: &'static str,
    /// The values file.
    pub values: String,
    /// `--set`.
    pub set: Vec<String>,
    pub says: Says,
}

use Says::{Accepted, Refused, TooDeep};

fn file(what: &'static str, values: impl Into<String>, says: Says) -> Hostile {
    Hostile {
        what,
        values: values.into(),
        set: Vec::new(),
        says,
    }
}

fn set(what: &'static str, text: impl Into<String>, says: Says) -> Hostile {
    Hostile {
        what,
        values: String::new(),
        set: vec![text.into()],
        says,
    }
}

/// All cases.
pub fn all() -> Vec<Hostile> {
    [
        documents(),
        keys(),
        numbers(),
        depths(),
        mebibytes(),
        texts(),
        settings(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const UNMARSHAL: &str = "unmarshal";
const ADDITIONAL: &str = "additional properties";

#[rustfmt::skip] // a row a line
fn documents() -> Vec<Hostile> {
    vec![
        file("nothing", "", Accepted),
        file("blank lines", "\n\n  \n", Accepted),
        file("a comment", "# nothing else", Accepted),
        file("no document", "---\n---\n", Accepted),
        file("null", "null", Accepted),
        file("a list", "[1]", Refused("values must be a map", UNMARSHAL)),
        file("a text", "text", Refused("values must be a map", UNMARSHAL)),
        file("a number", "5", Refused("values must be a map", UNMARSHAL)),
        file("a byte order mark", "\u{feff}nats: {replicas: 1}", Accepted),
        file("ends of lines of DOS", "nats:\r\n  replicas: 1\r\n", Accepted),
        file("a tab for blanks", "nats:\n\treplicas: 1", Refused("2:", "cannot start any token")),
        file("a NUL", "nats: {image: {tag: \"a\0\"}}", Refused("control character", "control characters are not allowed")),
        file("a list that is not closed", "nats: [", Refused(":", "yaml:")),
        file("an unknown alias", "nats: *x", Refused("1:", "unknown anchor")),
        file("an alias of itself", "nats: &x {a: *x}", Refused("within its own anchor", "contains itself")),
        file("a bomb of aliases", bomb(), Refused("more than 1000000 values", "excessive aliasing")),
        file("an unknown tag", "nats: {replicas: !go 1}", Refused("nats.replicas", "/replicas")),
    ]
}

/// Ten times ten times ten … values.
fn bomb() -> String {
    let mut text = "a: &a [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for (last, this) in "abcdefgh".chars().zip("bcdefghi".chars()) {
        let aliases = vec![format!("*{last}"); 10].join(",");
        text.push_str(&format!("{this}: &{this} [{aliases}]\n"));
    }
    text
}

#[rustfmt::skip] // a row a line
fn keys() -> Vec<Hostile> {
    vec![
        file("a key twice", "nats: {replicas: 1}\nnats: {replicas: 5}", Accepted),
        file("a number for a key", "1: x", Refused("unknown key `1`", ADDITIONAL)),
        file("a flag for a key", "true: x", Refused("unknown key `true`", ADDITIONAL)),
        file("null for a key", "null: x", Refused("null cannot be a key", "")),
        file("a list for a key", "? [a]\n: 1", Refused("a key must be text", "")),
        file("an empty key", "'': 1", Refused("unknown key ``", ADDITIONAL)),
        file("a key with quotes", r#"{"it's \"q\"": 1}"#, Refused(r#"unknown key `it's "q"`"#, ADDITIONAL)),
        file("a key with an action", "'{{ fail \"x\" }}': 1", Refused("unknown key `{{ fail", ADDITIONAL)),
        file("a label with an action", "nats: {podLabels: {'{{ x }}': a}}", Refused("nats.podLabels", "/podLabels")),
        file("a label in lines", "nats: {podLabels: {\"a\\nb\": a}}", Refused("nats.podLabels", "/podLabels")),
        file("a label's value in quotes", "nats: {podLabels: {a: '\"'}}", Refused("nats.podLabels.a", "/podLabels/a")),
        file("a label with an empty part", "nats: {podLabels: {a..b/c: d}}", Refused("nats.podLabels", "/podLabels")),
        file("a label with a dash at a dot", "global: {commonLabels: {a.-b/c: d}}", Refused("global.commonLabels", "/commonLabels")),
        file("a name for no component", "global: {fullnameOverrides: {'{{': a}}", Refused("global.fullnameOverrides", "/fullnameOverrides")),
    ]
}

#[rustfmt::skip] // a row a line
fn numbers() -> Vec<Hostile> {
    let drain = |number: &str| format!("api-server: {{drainSeconds: {number}}}");
    let refused = || Refused("api-server.drainSeconds", "/drainSeconds");
    vec![
        file("2^53 + 1", drain("9007199254740993"), refused()),
        file("2^64", drain("18446744073709551616"), refused()),
        file("a number of 400 digits", drain(&"9".repeat(400)), refused()),
        file("a huge exponent", drain("1e400"), refused()),
        file("a huge number", drain("1e300"), refused()),
        file("a tiny number, which is 0", drain("1e-400"), Accepted),
        file("minus zero", drain("-0"), Accepted),
        file("minus zero, as a float", drain("-0.0"), Accepted),
        file("an integer as a float", drain("3.0e1"), Accepted),
        file("a fraction", drain("1.0000000001"), refused()),
        file("infinity", drain(".inf"), Refused("no number", "unsupported value")),
        file("not a number", drain(".nan"), Refused("no number", "unsupported value")),
        file("a number of sixty", drain("1:30"), refused()),
    ]
}

#[rustfmt::skip] // a row a line
fn depths() -> Vec<Hostile> {
    const TOO_DEEP: &str = "values nest more than 200 deep";
    let lists = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let maps = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    let lines = |depth: usize| (0..depth).map(|at| format!("{}a:\n", " ".repeat(at))).collect::<String>();
    let object = |inner: &str| format!("nats: {{extraObjects: [{{apiVersion: v1, kind: A, metadata: {{name: a}}, spec: {inner}}}]}}");
    vec![
        file("100 maps deep, where anything may stand", object(&maps(100)), Accepted),
        file("300 maps deep, where anything may stand", object(&maps(300)), TooDeep(TOO_DEEP)),
        file("300 lists deep, where anything may stand", object(&lists(300)), TooDeep(TOO_DEEP)),
        file("10,000 lists deep", format!("a: {}", lists(10_000)), Refused(TOO_DEEP, "")),
        file("10,000 maps deep", maps(10_000), Refused(TOO_DEEP, "")),
        file("100,000 lists deep, not closed", "[".repeat(100_000), Refused("", "")),
        file("1,000 lines deep", lines(1000), Refused(TOO_DEEP, "")),
        set("31 steps", "a.".repeat(31) + "b=1", Refused("30 levels", "nested level")),
        set("10,000 steps", "a.".repeat(10_000) + "b=1", Refused("30 levels", "nested level")),
        set("10,000 indices", format!("a{}=1", "[0]".repeat(10_000)), Refused("", "")),
    ]
}

#[rustfmt::skip] // a row a line
fn mebibytes() -> Vec<Hostile> {
    let long = "a".repeat(1 << 20);
    let long = long.as_str();
    vec![
        file("a tag", format!("nats: {{image: {{tag: {long}}}}}"), Refused("nats.image.tag", "/image/tag")),
        file("a label", format!("nats: {{podLabels: {{a: {long}}}}}"), Refused("nats.podLabels.a", "/podLabels/a")),
        file("a label's key", format!("nats: {{podLabels: {{? {long}\n: b}}}}"), Refused("nats.podLabels", "/podLabels")),
        file("a label's prefix", format!("nats: {{podLabels: {{? {long}/a\n: b}}}}"), Refused("nats.podLabels", "/podLabels")),
        file("an annotation", format!("nats: {{podAnnotations: {{a: {long}}}}}"), Refused("nats.podAnnotations.a", "/podAnnotations/a")),
        file("a node's label", format!("nats: {{nodeSelector: {{a: {long}}}}}"), Refused("nats.nodeSelector.a", "/nodeSelector/a")),
        file("a password", format!("nats: {{password: {long}}}"), Refused("nats.password", "/password")),
        file("a quantity", format!("nats: {{resources: {{limits: {{cpu: '{}'}}}}}}", "1".repeat(1 << 20)), Refused("nats.resources.limits.cpu", "/resources/limits/cpu")),
        file("a URL", format!("global: {{connections: {{mlflow: {{url: 'http://{long}'}}}}}}"), Refused("global.connections.mlflow.url", "/connections/mlflow/url")),
        file("a full name", format!("global: {{fullnameOverrides: {{nats: {long}}}}}"), Refused("global.fullnameOverrides.nats", "/fullnameOverrides/nats")),
        file("a schedule", format!("global: {{chaos: {{schedule: '{}'}}}}", "1,".repeat(1 << 19)), Refused("global.chaos.schedule", "/chaos/schedule")),
        file("a key", format!("? {long}\n: 1"), Refused("unknown key", ADDITIONAL)),
        file("a number", format!("nats: {{replicas: {}}}", "1".repeat(1 << 20)), Refused("nats.replicas", "/replicas")),
        file("a variable, where any text may stand", format!("nats: {{extraEnv: [{{name: A, value: {long}}}]}}"), Accepted),
        set("a text", format!("nats.image.tag={long}"), Refused("nats.image.tag", "/image/tag")),
    ]
}

#[rustfmt::skip] // a row a line
fn texts() -> Vec<Hostile> {
    let annotation = |text: &str| format!("nats: {{podAnnotations: {{a: {}}}}}", quoted(text));
    let variable = |text: &str| format!("nats: {{extraEnv: [{{name: A, value: {}}}]}}", quoted(text));
    let mut all = vec![
        file("a bell", variable("\u{7}"), Refused("nats.extraEnv[0].value", "/extraEnv/0/value")),
        file("an escape", annotation("\u{1b}[31m"), Refused("nats.podAnnotations.a", "/podAnnotations/a")),
        file("a mark within", variable("a\u{feff}b"), Refused("nats.extraEnv[0].value", "/extraEnv/0/value")),
    ];
    let right = [
        "{{ .Values.global }}", "{{ fail \"x\" }}", "{{/* a */}}", "{{- end }}", "}}", "`", "${HOME}", "$(rm -rf /)",
        "it's \"q\" \\n", "a\nb", "\n\na\n", "a: b", "- a", "#", "|", "---", "...", "yes", "no", "null", "~", "1e3", "0x10", "0123",
        ".inf", "2026-01-01", "=", "<<", "*a", "&a", "!a", "@", "%", "\t", " a ", "", "é\u{1f600}\u{202e}", "<a>&'",
    ];
    for text in right {
        all.push(file("a variable", variable(text), Accepted));
        all.push(file("an annotation", annotation(text), Accepted));
    }
    all
}

/// As JSON writes it, which YAML reads.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[rustfmt::skip] // a row a line
fn settings() -> Vec<Hostile> {
    vec![
        set("no value", "nats", Refused("has no value", "has no value")),
        set("an index that is huge", "nats.pools[99999999999999999999]=1", Refused("is not an index", "")),
        set("an index above all", "nats.pools[65537]=1", Refused("is not an index", "greater than maximum")),
        set("an index below all", "nats.pools[-1]=1", Refused("is not an index", "negative")),
        set("a list that is not closed", "nats.a={b", Refused("must end with", "must terminate")),
        set("a list below a flag", "nats.enabled=true,nats.enabled[0]=1", Refused("", "")),
        set("an action, whose braces are a list", "nats.image.tag={{ x }}", Refused("has no value", "has no value")),
        set("2^53 + 1", "api-server.drainSeconds=9007199254740993", Refused("api-server.drainSeconds", "/drainSeconds")),
        set("2^64", "api-server.drainSeconds=18446744073709551616", Refused("api-server.drainSeconds", "/drainSeconds")),
        set("an escape", r"nats.podLabels.a\.b\/c=d", Accepted),
        set("nothing", "", Accepted),
    ]
}
