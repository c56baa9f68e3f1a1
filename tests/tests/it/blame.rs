//! Which values a refusal blames, the library's and Helm's: both must name the same places.

use spira_manifests::document::Problem;

use crate::compare::Disagreement;
use crate::support::Refusal;

/// A place in the values, as the steps that lead to it from the top: `["nats", "image", "tag"]`.
type Place = Vec<String>;

/// How Helm's message starts where a schema refuses values.
const SCHEMA: &str =
    "values don't meet the specifications of the schema(s) in the following chart(s):";
/// How it starts where a template refuses on purpose, by `fail`. All else that a template says is a fault of it.
const FAIL: &str = "execution error at (";

/// One thing that Helm blames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// The place. Of a choice (`anyOf`), of which no branch fits, those of all branches: the library names the branch
    /// that fits best.
    any_of: Vec<Place>,
    /// Whether it is a key that may not be there. Of a user's map the library names the map, and says the key.
    is_key: bool,
}

/// How Helm refused a case, as a word for statistics.
pub fn manner(message: &str) -> &'static str {
    if message.starts_with(SCHEMA) {
        "schema"
    } else if message.contains(FAIL) {
        "fail"
    } else {
        "other"
    }
}

/// Whether a refusal by both sides is for the same reason: the same places, or the same message.
pub fn same(refusal: &Refusal, message: &str) -> Result<(), Disagreement> {
    let fault = match refusal {
        Refusal::Defect(_) => Some("the library is at fault"),
        Refusal::Unreadable(_) => is_template(message).then_some("only the library cannot read it"),
        Refusal::Values(problems, _) if message.starts_with(SCHEMA) => {
            (!same_places(problems, &blamed(message))).then_some("other places are blamed")
        }
        Refusal::Values(problems, _) if is_fail(message) => {
            let named = |problem: &Problem| message.contains(&problem.path);
            (!problems.iter().all(named)).then_some("a template blames other places")
        }
        Refusal::Values(problems, _) if !is_template(message) => {
            // Helm stops at a section that is no map before it looks at schemas.
            let named = |problem: &Problem| message.contains(&problem.path);
            (!problems.iter().any(named)).then_some("Helm names no place")
        }
        Refusal::Release(text) if is_fail(message) => {
            (!same_reason(text, message)).then_some("a template has another reason")
        }
        _ => Some("the reasons are of different kinds"),
    };
    let Some(fault) = fault else {
        return Ok(());
    };
    let kind = if is_template(message) && !is_fail(message) {
        "a template breaks".to_owned()
    } else {
        format!("both refuse, but {fault}")
    };
    let text = format!("library: {refusal}\nHelm:    {message}");
    Err(Disagreement { kind, text })
}

fn is_fail(message: &str) -> bool {
    message.contains(FAIL)
}

/// Whether the message comes from a template, on purpose or not.
fn is_template(message: &str) -> bool {
    is_fail(message)
        || ["template: ", "YAML parse error on ", "panic: "]
            .iter()
            .any(|start| message.contains(start))
}

/// All that speaks against installing is one message, the same from both.
fn same_reason(text: &str, message: &str) -> bool {
    let told = message.split_once("): ").map_or("", |(_, told)| told);
    told.contains(text.trim())
}

/// Whether each thing that Helm blames is a problem of the library's, and the other way round.
fn same_places(problems: &[Problem], blamed: &[Blame]) -> bool {
    let ours: Vec<_> = problems
        .iter()
        .map(|p| (common(&place(&p.path)), names_map(p)))
        .collect();
    let agree = |(place, of_map): &(Place, bool), blame: &Blame| {
        let map = |of: &Place| {
            *of_map && blame.is_key && of.split_last().is_some_and(|(_, map)| map == place)
        };
        blame
            .any_of
            .iter()
            .any(|of| if *of_map { map(of) } else { is(of, place) })
    };
    !blamed.is_empty()
        && blamed
            .iter()
            .all(|blame| ours.iter().any(|our| agree(our, blame)))
        && ours
            .iter()
            .all(|our| blamed.iter().any(|blame| agree(our, blame)))
}

/// Whether Helm's place is ours, where long keys are cut.
fn is(helm: &[String], ours: &[String]) -> bool {
    let same = |(helm, ours): (&String, &String)| {
        let start = ours.strip_suffix("...").filter(|start| start.len() > 300);
        helm == ours || start.is_some_and(|start| helm.starts_with(start))
    };
    helm.len() == ours.len() && helm.iter().zip(ours).all(same)
}

/// Whether the problem is a key, of which the path names the map.
fn names_map(problem: &Problem) -> bool {
    problem.message.starts_with("has the key ")
}

/// The steps of a path as `--set` spells it.
fn place(path: &str) -> Place {
    let mut steps = vec![String::new()];
    let mut rest = path.chars();
    while let Some(c) = rest.next() {
        let last = steps.last_mut().expect("there is one from the start");
        match c {
            '\\' => last.extend(rest.next()),
            '.' | '[' => steps.push(String::new()),
            ']' => {}
            c => last.push(c),
        }
    }
    steps
}

/// A subchart sees `global` as its own: a fault of it is told of either.
fn common(place: &[String]) -> Place {
    match place {
        [_, global, rest @ ..] if global == "global" => {
            [std::slice::from_ref(global), rest].concat()
        }
        _ => place.to_vec(),
    }
}

/// A line of Helm's message about a chart, and the lines that explain it.
struct Line {
    depth: usize,
    at: Place,
    text: String,
    below: Vec<Line>,
}

/// All that Helm blames in a message about schemas.
fn blamed(message: &str) -> Vec<Blame> {
    let mut all = Vec::new();
    let mut section = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    for line in message.lines().skip(1) {
        let body = line.trim_start_matches(' ');
        if let Some(body) = body.strip_prefix("- at ") {
            let depth = (line.len() - body.len()) / 2;
            lines.push(read(body, depth, &section));
        } else if let Some(chart) = line.strip_suffix(':') {
            section = if chart == "spira" {
                vec![]
            } else {
                vec![chart.to_owned()]
            };
        } else {
            // What is no map of values is told of the section.
            let section = common(&section);
            all.push(Blame {
                any_of: vec![section],
                is_key: false,
            });
        }
    }
    nested(lines)
        .iter()
        .for_each(|line| collect(line, &mut all));
    all
}

fn read(body: &str, depth: usize, section: &[String]) -> Line {
    let (pointer, text) = quoted(body).unwrap_or_default();
    let steps = pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"));
    let at = common(&section.iter().cloned().chain(steps).collect::<Vec<_>>());
    let text = text.trim_start_matches(": ").to_owned();
    Line {
        depth,
        at,
        text,
        below: Vec::new(),
    }
}

/// Puts the lines below those that they explain.
fn nested(lines: Vec<Line>) -> Vec<Line> {
    let mut open: Vec<Line> = Vec::new();
    let mut done = Vec::new();
    let mut close = |open: &mut Vec<Line>, depth: usize| {
        while open.last().is_some_and(|line| line.depth >= depth) {
            let line = open.pop().expect("looked at");
            open.last_mut()
                .map_or(&mut done, |above| &mut above.below)
                .push(line);
        }
    };
    for line in lines {
        close(&mut open, line.depth);
        open.push(line);
    }
    close(&mut open, 0);
    done
}

fn collect(line: &Line, all: &mut Vec<Blame>) {
    if line.text.starts_with("'anyOf' failed") || line.text.starts_with("'oneOf' failed") {
        let mut within = Vec::new();
        line.below
            .iter()
            .for_each(|below| collect(below, &mut within));
        let mut any_of: Vec<Place> = within.into_iter().flat_map(|blame| blame.any_of).collect();
        any_of.push(line.at.clone());
        all.push(Blame {
            any_of,
            is_key: false,
        });
    } else if line.below.is_empty() {
        all.extend(leaf(line));
    } else {
        line.below.iter().for_each(|below| collect(below, all));
    }
}

fn leaf(line: &Line) -> Vec<Blame> {
    let blame = |at: Place, is_key| Blame {
        any_of: vec![at],
        is_key,
    };
    let below = |is_key| {
        let names = names(&line.text).into_iter();
        names
            .map(|name| blame(common(&[line.at.clone(), vec![name]].concat()), is_key))
            .collect()
    };
    if line.text.starts_with("missing propert") {
        below(false)
    } else if line.text.starts_with("additional properties") {
        below(true)
    } else {
        vec![blame(line.at.clone(), line.text == "false schema")]
    }
}

/// The texts in quotes.
fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, from)) = rest.split_once('\'') {
        let Some((name, after)) = quoted(&rest[rest.len() - from.len() - 1..]) else {
            break;
        };
        names.push(name);
        rest = after;
    }
    names
}

/// The text in single quotes at the start, as Go escapes it, and what comes after.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut rest = text.strip_prefix('\'')?.chars();
    loop {
        match rest.next()? {
            '\'' => return Some((found, rest.as_str())),
            '\\' => found.push(unescaped(&mut rest)?),
            c => found.push(c),
        }
    }
}

/// The character that an escape of Go's stands for.
fn unescaped(rest: &mut std::str::Chars) -> Option<char> {
    let digits = |rest: &mut std::str::Chars, count: usize| {
        let digits: String = rest.by_ref().take(count).collect();
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    };
    match rest.next()? {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        'x' => digits(rest, 2),
        'u' => digits(rest, 4),
        'U' => digits(rest, 8),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::{Blame, FAIL, Place, SCHEMA, blamed, place, same, same_places};
    use crate::support::Refusal;
    use spira_manifests::document::Problem;

    fn steps(path: &str) -> Place {
        path.split('/').map(str::to_owned).collect()
    }

    fn problem(path: &str, message: &str) -> Problem {
        Problem {
            path: path.to_owned(),
            value: String::new(),
            message: message.to_owned(),
        }
    }

    const MESSAGE: &str =
        "values don't meet the specifications of the schema(s) in the following chart(s):
spira:
- at '': additional properties 'it\\'s', 'a\\nb' not allowed
- at '/global': validation failed
  - at '/global/port': got string, want integer
nats:
- at '/image': missing property 'tag'
- at '/size': 'anyOf' failed
  - at '/size': got boolean, want integer
  - at '/size/a~1b/0': got boolean, want string
- at '/podLabels/helm.sh~1chart': false schema
";

    #[test]
    fn what_helm_blames_is_read() {
        let one = |path: &str, is_key| Blame {
            any_of: vec![steps(path)],
            is_key,
        };
        let item = ["nats", "size", "a/b", "0"].map(str::to_owned).into();
        let choice = vec![steps("nats/size"), item, steps("nats/size")];
        let expected = vec![
            one("it's", true),
            one("a\nb", true),
            one("global/port", false),
            one("nats/image/tag", false),
            Blame {
                any_of: choice,
                is_key: false,
            },
            Blame {
                any_of: vec![
                    ["nats", "podLabels", "helm.sh/chart"]
                        .map(str::to_owned)
                        .into(),
                ],
                is_key: true,
            },
        ];
        assert_eq!(blamed(MESSAGE), expected);
    }

    #[test]
    fn the_same_places_are_the_same_and_others_are_not() {
        let key = "has the key \"helm.sh/chart\", which this chart sets itself";
        let right = [
            problem("it's", "unknown key"),
            problem("a\nb", "unknown key"),
            problem("nats.global.port", "is not a port"),
            problem("nats.image.tag", "is required"),
            problem(r"nats.size.a/b[0]", "is not text"),
            problem("nats.podLabels", key),
        ];
        let blamed = blamed(MESSAGE);
        assert!(same_places(&right, &blamed));
        for at in 0..right.len() {
            let mut fewer = right.to_vec();
            fewer.remove(at);
            assert!(!same_places(&fewer, &blamed), "without {:?}", right[at]);
        }
        for more in ["nats.image", "nats.podLabels", "nats", "global.port.a"] {
            let more = [&right[..], &[problem(more, "is wrong")]].concat();
            assert!(!same_places(&more, &blamed), "{more:?}");
        }
    }

    /// A template that breaks is never a refusal, whatever the library says; nor is a refusal for another reason.
    #[test]
    fn only_intended_refusals_agree() {
        let values = Refusal::Values(
            vec![problem("nats.a", "is wrong")],
            "nats.a: is wrong".into(),
        );
        let schema = format!("{SCHEMA}\nnats:\n- at '/a': got string, want integer\n");
        let release = Refusal::Release("credentials are missing:\n\n- nats.password".into());
        let unreadable = Refusal::Unreadable("1:1: no".into());
        let fail = |text: &str| format!("{FAIL}spira/templates/a.yaml:1:2): {text}");
        let broken = [
            "template: spira/templates/a.yaml:1:2: executing \"a\" at <.Values.nats.a>: nil pointer evaluating interface {}.a",
            "YAML parse error on spira/templates/a.yaml: error converting YAML to JSON: yaml: line 2: nats.a",
            "panic: runtime error: invalid memory address or nil pointer dereference",
        ];
        let found =
            |refusal: &Refusal, message: &str| same(refusal, message).err().map(|found| found.kind);
        for message in broken {
            for refusal in [&values, &release, &unreadable] {
                assert_eq!(
                    found(refusal, message).as_deref(),
                    Some("a template breaks"),
                    "{message}"
                );
            }
        }
        assert_eq!(found(&values, &schema), None);
        assert_eq!(
            found(&values, &fail("1 wrong value:\n  nats.a: is wrong")),
            None
        );
        assert_eq!(
            found(
                &release,
                &fail("credentials are missing:\n\n- nats.password\n\n")
            ),
            None
        );
        assert_eq!(found(&unreadable, "yaml: line 1: no"), None);
        let different = [
            (&values, fail("1 wrong value:\n  nats.b: is wrong")),
            (&values, schema.replace("/a", "/b")),
            (&values, "yaml: line 1: no".to_owned()),
            (&release, schema.clone()),
            (&release, fail("credentials are missing:\n\n- nats.c")),
            (&unreadable, fail("nats.a: is wrong")),
        ];
        for (refusal, message) in different {
            assert!(found(refusal, &message).is_some(), "{refusal}\n{message}");
        }
        let defect = Refusal::Defect("panic: at the disco".into());
        assert!(found(&defect, &schema).is_some());
    }

    #[test]
    fn paths_of_set_are_read() {
        assert_eq!(place(r"a\.b.c[10].d"), ["a.b", "c", "10", "d"]);
    }
}
