//! Tests of the whole project; all of them are in `tests/it`.
