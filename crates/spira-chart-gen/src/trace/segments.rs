//! Texts of the output, split at the markers in them.

use std::collections::BTreeSet;

use super::sample::Samples;
use crate::tree::{Intrinsic, Seg, Source};

type Fallible<T> = Result<T, String>;

/// Splits a text at the markers in it.
///
/// # Errors
/// Says which marker was changed on its way from the values to the output.
pub fn segments(samples: &Samples, text: &str) -> Fallible<Vec<Seg>> {
    let mut segs = Vec::new();
    let mut rest = text;
    while let Some((place, length, source)) = samples.find_odd(rest) {
        plain_segments(samples, &rest[..place], &mut segs)?;
        segs.push(Seg::Str(source));
        rest = &rest[place + length..];
    }
    plain_segments(samples, rest, &mut segs)?;
    if segs.is_empty() {
        segs.push(Seg::Lit(String::new()));
    }
    Ok(segs)
}

fn plain_segments(samples: &Samples, text: &str, segs: &mut Vec<Seg>) -> Fallible<()> {
    let bytes = text.as_bytes();
    let mut literal = 0;
    let mut at = 0;
    while at < bytes.len() {
        let (end, seg) = if let Some(end) = marker_end(bytes, at) {
            let found = samples
                .source(&text[at..end])
                .ok_or_else(|| changed(samples, &text[at..end]))?;
            (end, Some(Seg::Str(found)))
        } else if bytes[at].is_ascii_digit() {
            let end = at
                + bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
            let known = text[at..end]
                .parse()
                .ok()
                .and_then(|number: i64| samples.ints.get(&number));
            (end, known.map(|path| Seg::Int(path.clone())))
        } else {
            let width = text[at..].chars().next().map_or(1, char::len_utf8);
            (at + width, None)
        };
        if let Some(seg) = seg {
            push_literal(&text[literal..at], segs)?;
            segs.push(seg);
            literal = end;
        }
        at = end;
    }
    push_literal(&text[literal..], segs)
}

fn push_literal(text: &str, segs: &mut Vec<Seg>) -> Fallible<()> {
    if text.is_empty() {
        return Ok(());
    }
    // A marker is `zq`, four digits, `qz`: a part of one means that a value was cut.
    let lower = text.to_ascii_lowercase();
    let cut = lower
        .match_indices("zq")
        .any(|(at, _)| lower[at + 2..].starts_with(|c: char| c.is_ascii_digit()))
        || lower
            .match_indices("qz")
            .any(|(at, _)| lower[..at].ends_with(|c: char| c.is_ascii_digit()));
    if cut {
        return Err(format!(
            "a part of a string was cut out (what is left: {text:?}); only a whole string can be followed"
        ));
    }
    if let Some(Seg::Lit(last)) = segs.last_mut() {
        last.push_str(text);
    } else {
        segs.push(Seg::Lit(text.to_owned()));
    }
    Ok(())
}

fn marker_end(bytes: &[u8], at: usize) -> Option<usize> {
    let marker = bytes.get(at..at + 8)?;
    let shaped = marker[..2].eq_ignore_ascii_case(b"zq")
        && marker[2..6].iter().all(u8::is_ascii_digit)
        && marker[6..].eq_ignore_ascii_case(b"qz");
    shaped.then_some(at + 8)
}

fn changed(samples: &Samples, text: &str) -> String {
    match samples.source(&text.to_ascii_lowercase()) {
        Some(Source::Value(path) | Source::Key(path)) => {
            let path = path.trim_start_matches('.');
            format!(
                "the string {path} is changed on its way (its letters' case, it seems); only a whole string can be followed"
            )
        }
        _ => format!(
            "a string is changed on its way to {text:?}; only a whole string can be followed"
        ),
    }
}

/// The list items that a piece of text speaks of: the list's path and the item's number.
pub fn items_of(seg: &Seg, items: &mut BTreeSet<(String, u8)>) {
    match seg {
        Seg::Str(Source::Value(path) | Source::Key(path)) | Seg::Int(path) => {
            items_of_path(path, items);
        }
        Seg::Str(Source::Call(call)) => match &**call {
            Intrinsic::Image { path, .. } => items_of_path(path, items),
            Intrinsic::Sha256(segs) | Intrinsic::ShortSha256(segs) | Intrinsic::Checksum(segs) => {
                segs.iter().for_each(|seg| items_of(seg, items));
            }
            Intrinsic::Credential { secret, key, .. } => secret
                .iter()
                .chain(key)
                .for_each(|seg| items_of(seg, items)),
            _ => {}
        },
        Seg::Lit(_) => {}
    }
}

/// The list items that a path leads through.
pub fn items_of_path(path: &str, items: &mut BTreeSet<(String, u8)>) {
    for (item, marks) in [["[0]", "{0}"], ["[1]", "{1}"], ["[2]", "{2}"]]
        .iter()
        .enumerate()
    {
        for (at, _) in marks.iter().flat_map(|mark| path.match_indices(mark)) {
            items.insert((path[..at].to_owned(), u8::try_from(item).unwrap_or(0)));
        }
    }
}

/// A piece of text in words: what is not literal in angle brackets.
pub fn seg_text(seg: &Seg) -> String {
    match seg {
        Seg::Lit(text) => text.clone(),
        Seg::Str(source) => format!("<{source:?}>"),
        Seg::Int(path) => format!("<{path}>"),
    }
}
