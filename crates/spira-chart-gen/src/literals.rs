//! The literals of the builders' source: the values that a comparison in it would ask for.

/// Every string literal of a Rust source, short ones only: an equality with one of them is what
/// random values would hardly ever hit.
#[must_use]
pub fn strings(source: &str) -> Vec<String> {
    let mut found: Vec<String> = source
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.len() < 40 && !text.contains('\n'))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// Every number of a Rust source.
#[must_use]
pub fn numbers(source: &str) -> Vec<i64> {
    let mut found: Vec<i64> = source
        .split(|c: char| !(c.is_ascii_digit() || c == '_'))
        .filter_map(|word| word.replace('_', "").parse().ok())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}
