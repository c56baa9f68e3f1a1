//! How many members a group has that elects its leader by majority.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::InvalidNumber;

/// How many members a group has that elects its leader by majority: an odd number, since one more
/// would bear no more failures, and seven at most, which is how many may vote in MongoDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Members(i32);

impl Members {
    /// What is allowed.
    pub const AMONG: [i32; 4] = [1, 3, 5, 7];
    const EXPECTED: &str = "an odd number of members: 1, 3, 5 or 7";

    /// The number.
    #[must_use]
    pub const fn get(self) -> i32 {
        self.0
    }
}

impl TryFrom<i64> for Members {
    type Error = InvalidNumber;

    fn try_from(value: i64) -> Result<Self, InvalidNumber> {
        i32::try_from(value)
            .ok()
            .filter(|number| Self::AMONG.contains(number))
            .map(Self)
            .ok_or(InvalidNumber {
                value,
                expected: Self::EXPECTED,
            })
    }
}

impl From<Members> for i64 {
    fn from(value: Members) -> Self {
        value.0.into()
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Members {
    fn schema_name() -> Cow<'static, str> {
        "Members".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "integer",
            "enum": Self::AMONG,
            "minimum": 1,
            "maximum": 7,
            "x-expected": Self::EXPECTED,
        })
    }
}
