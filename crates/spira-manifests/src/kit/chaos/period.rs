//! A fault ends before it begins again, where its schedule tells how long that is.

use serde_json::{Value, json};

/// The name of the rule among the definitions of a schema.
pub(crate) const ENDS_IN_TIME: &str = "EndsInTime";

/// Minutes between two firings that a schedule may tell: the steps that divide an hour evenly.
const MINUTES: [u32; 12] = [1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60];

/// What refers to the rule.
pub(crate) fn ends_in_time_reference() -> Value {
    json!([{ "$ref": format!("#/$defs/{ENDS_IN_TIME}") }])
}

/// The rule, for a value with `schedule` and `duration`: where the schedule fires every so many
/// minutes, or every hour, the duration is shorter. Other schedules tell no period that a pattern
/// could compare.
#[must_use]
pub(crate) fn ends_in_time() -> Value {
    let rule = |minutes: u32| {
        json!({
            "if": {
                "required": ["schedule"],
                "properties": { "schedule": { "type": "string", "pattern": fires_every(minutes) } },
            },
            "then": {
                "properties": {
                    "duration": {
                        "pattern": shorter_than(minutes),
                        "x-expected": format!(
                            "a duration below the {minutes}m that its schedule leaves, such as {}s",
                            minutes * 30
                        ),
                    },
                },
            },
        })
    };
    json!({ "allOf": MINUTES.map(rule) })
}

fn fires_every(minutes: u32) -> String {
    let (minute, every) = match minutes {
        1 => (r"\*(/1)?".to_owned(), "1m".to_owned()),
        60 => ("[1-5]?[0-9]".to_owned(), "(1h|60m)".to_owned()),
        _ => (format!(r"\*/{minutes}"), format!("{minutes}m")),
    };
    format!(r"^({minute}( \*(/1)?){{4}}|@every {every})$")
}

fn shorter_than(minutes: u32) -> String {
    let mut forms = vec!["[0-9]+ms".to_owned(), format!("({})s", below(minutes * 60))];
    if minutes > 1 {
        forms.push(format!("({})m([1-5]?[0-9]s)?", below(minutes)));
    }
    format!("^({})$", forms.join("|"))
}

/// A pattern of the numbers from 1 to just below `limit`, without zeros in front.
fn below(limit: u32) -> String {
    let digits: Vec<u32> = limit
        .to_string()
        .chars()
        .filter_map(|d| d.to_digit(10))
        .collect();
    let any = |count: usize| match count {
        0 => String::new(),
        _ => format!("[0-9]{{{count}}}"),
    };
    let mut forms: Vec<String> = (1..digits.len())
        .map(|length| format!("[1-9]{}", any(length - 1)))
        .collect();
    let mut start = String::new();
    for (at, digit) in digits.iter().enumerate() {
        let least = u32::from(at == 0);
        if *digit > least {
            forms.push(format!(
                "{start}[{least}-{}]{}",
                digit - 1,
                any(digits.len() - at - 1)
            ));
        }
        start.push_str(&digit.to_string());
    }
    forms.join("|")
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::{MINUTES, below, shorter_than};

    #[test]
    fn the_pattern_of_smaller_numbers_is_right() {
        for limit in [2, 10, 15, 60, 100, 120, 305, 1800, 3600] {
            let rule = Regex::new(&format!("^({})$", below(limit))).expect("a pattern");
            for number in 0..limit + 2000 {
                let fits = number > 0 && number < limit;
                assert_eq!(
                    rule.is_match(&number.to_string()),
                    fits,
                    "{number} below {limit}"
                );
            }
        }
    }

    #[test]
    fn a_fault_as_long_as_its_period_does_not_fit() {
        for minutes in MINUTES {
            let rule = Regex::new(&shorter_than(minutes)).expect("a pattern");
            assert!(rule.is_match(&format!("{}s", minutes * 60 - 1)));
            assert!(!rule.is_match(&format!("{}s", minutes * 60)));
            assert!(!rule.is_match(&format!("{minutes}m")));
            assert!(!rule.is_match("1h"));
        }
        assert!(
            Regex::new(&shorter_than(2))
                .expect("a pattern")
                .is_match("1m59s")
        );
    }
}
