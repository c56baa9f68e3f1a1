//! Numbers as Helm holds them.

use serde_json::{Number, Value};

use crate::schema::MAX_INTEGER;

/// A number of a file. Helm reads each as a 64-bit float; an integral one that a float holds
/// exactly is an integer to schemas and templates alike.
pub(super) fn of_float(float: f64) -> Option<Value> {
    #[expect(clippy::cast_precision_loss, reason = "2^53 - 1 is a float exactly")]
    let exact = float.fract() == 0.0 && float.abs() <= MAX_INTEGER as f64;
    if exact {
        #[expect(clippy::cast_possible_truncation, reason = "the line above bounds it")]
        return Some(Value::from(float as i64));
    }
    Number::from_f64(float).map(Value::Number)
}
