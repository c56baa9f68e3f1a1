//! Lines that would be too long.

use super::{MAX_LINE, expr::literal};

/// An action that opens a block, broken where its line would be too long.
pub(super) fn action(word: &str, condition: &str, pad: &str) -> String {
    fold(&format!("{pad}{{{{- {word} {condition} }}}}"), pad.len())
        .trim_start()
        .to_owned()
}

/// A line whose action is too long is broken before it, at its pipes, then at its arguments.
pub(super) fn fold(line: &str, indent: usize) -> String {
    broken(line, indent, true)
}

/// The same of a text that keeps its line breaks: none is put before the action.
pub(super) fn fold_text(line: &str, indent: usize) -> String {
    broken(line, indent, false)
}

fn broken(line: &str, indent: usize, before: bool) -> String {
    let (Some(open), Some(close)) = (line.rfind("{{"), line.rfind(" }}")) else {
        return line.to_owned();
    };
    // An action that only stands for two braces of the text has no place to break at.
    if line.len() <= MAX_LINE || line[..open].ends_with("{{ \"") {
        return line.to_owned();
    }
    let pad = " ".repeat(indent + 4);
    let mut folded = line[..open].to_owned();
    let mut width = open;
    for (at, word) in words(&line[open..close]).into_iter().enumerate() {
        // A pipe starts a line of its own, whatever comes before the first one stays together.
        if (before || at > 0)
            && width > indent + 4
            && (word == "|" || width + word.len() + 1 > MAX_LINE - 12)
        {
            folded.truncate(folded.trim_end().len());
            folded.push_str(&format!("\n{pad}"));
            width = pad.len();
        }
        folded.push_str(word);
        folded.push(' ');
        width += word.len() + 1;
    }
    folded.push_str(line[close..].trim_start());
    folded
}

/// The words of an action; what is in parentheses or quotes is one word, unless it is long.
pub(super) fn words(action: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut quote, mut start) = (0_u32, None, 0);
    let mut last = ' ';
    for (at, c) in action.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open && last != '\\' => quote = None,
            (None, '"' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') if depth == 0 => {
                found.push(&action[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        last = c;
    }
    found.push(&action[start..]);
    found
        .into_iter()
        .filter(|word| !word.is_empty())
        .flat_map(open_up)
        .collect()
}

/// A long word in parentheses, as the words in it.
pub(super) fn open_up(word: &str) -> Vec<&str> {
    const LONG: usize = 80;
    if word.len() <= LONG || !word.starts_with('(') {
        return vec![word];
    }
    let inner = words(&word[1..]);
    let step = if inner.first() == Some(&"dict") { 2 } else { 1 };
    // The parenthesis stays with its first word, and a key of a dict with its value.
    let mut parts = vec![&word[..=inner.first().map_or(0, |first| first.len())]];
    let mut at = parts[0].len() + 1;
    for group in inner[1..].chunks(step) {
        let length = group.iter().map(|word| word.len()).sum::<usize>() + group.len() - 1;
        parts.push(&word[at..at + length]);
        at += length + 1;
    }
    parts
}

/// A literal text in lines of a folded block.
pub(super) fn wrap(text: &str, pad: &str) -> String {
    let mut lines = vec![pad.to_owned()];
    for word in text.split(' ') {
        let last = lines.last_mut().expect("there is a line from the start");
        if last.len() > pad.len() && last.len() + word.len() + 1 > MAX_LINE - 10 {
            lines.push(format!("{pad}{}", literal(word)));
        } else {
            if last.len() > pad.len() {
                last.push(' ');
            }
            last.push_str(&literal(word));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_within_its_actions_only() {
        let line = format!(
            r#"  {}="{{{{ include "a.fullname" . }}}}-0""#,
            "x".repeat(110)
        );
        let folded = fold_text(&line, 2);
        let (text, action) = folded.split_once('\n').expect("the line is too long");
        assert_eq!(text, format!(r#"  {}="{{{{"#, "x".repeat(110)));
        assert_eq!(action, r#"      include "a.fullname" . }}-0""#);
        assert!(fold(&line, 2).contains("=\"\n"));
    }
}
