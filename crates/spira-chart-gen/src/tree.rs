//! The template tree: what tracing learns, what the chart's text is emitted from, and what the
//! prover evaluates.
//!
//! Value paths are written as Helm writes them, from the component's section on
//! (`.service.port`); `[0]` stands for the item of a list and `{0}` for the value under the key of
//! a map that a [`Node::Range`] walks.

use serde_json::Number;

/// Where a piece of text comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The value at a path.
    Value(String),
    /// The key of the map entry at a path (`.podLabels{0}`).
    Key(String),
    /// An operation that values alone cannot express.
    Call(Box<Intrinsic>),
}

/// An operation of [`spira_manifests::Intrinsics`], with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    /// The release's name.
    ReleaseName,
    /// The release's namespace.
    Namespace,
    /// The label `helm.sh/chart` of a component.
    ChartLabel(String),
    /// The version of a component's program.
    AppVersion(String),
    /// The name that a component's objects start with.
    Fullname(String),
    /// The reference of the image at a path.
    Image {
        /// Whose `appVersion` is the tag if none is set.
        component: String,
        /// The path of the image's values.
        path: String,
    },
    /// The checksum of the data of another object, told by `Kind/name`.
    Checksum(Vec<Seg>),
    /// The end of the name of the component's Job, which follows from its pod template.
    JobSuffix,
    /// The checksum of a text.
    Sha256(Vec<Seg>),
    /// The first digits of the checksum of a text.
    ShortSha256(Vec<Seg>),
    /// The items of the list at a path, joined.
    Join {
        /// The path of the list.
        path: String,
        /// What stands between two items.
        separator: String,
    },
    /// A credential that no value gives.
    Credential {
        /// The name of the Secret that may hold it already.
        secret: Vec<Seg>,
        /// Its key in the Secret.
        key: Vec<Seg>,
        /// The path of the value that would have given it, for the error message.
        value: String,
    },
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Seg {
    /// Literal text.
    Lit(String),
    /// Text from a source.
    Str(Source),
    /// The integer at a path, in decimal.
    Int(String),
}

/// A scalar of the output.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `null`.
    Null,
    /// A literal boolean.
    Bool(bool),
    /// A literal number.
    Num(Number),
    /// The integer at a path.
    Int(String),
    /// A text.
    Str(Vec<Seg>),
}

impl Scalar {
    /// The text, if it is all literal.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self {
            Self::Str(segs) => match segs.as_slice() {
                [Seg::Lit(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A yes-no question about the values, over the choices of a [`crate::trace::Traced`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cond {
    /// Always.
    True,
    /// Never.
    False,
    /// The choice has one of these variants.
    Is(usize, Vec<u8>),
    /// The contrary.
    Not(Box<Cond>),
    /// All of them.
    And(Vec<Cond>),
    /// Any of them.
    Or(Vec<Cond>),
}

/// A part of the output.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A scalar.
    Leaf(Scalar),
    /// A text of several lines, one entry a line.
    Text(Vec<Entry>),
    /// A mapping.
    Map(Vec<Entry>),
    /// A sequence.
    Seq(Vec<Entry>),
    /// The value at a path, as it is.
    Whole(String),
    /// The entries once for each item of the list or map at a path, in place of one entry.
    Range(String, Vec<Entry>),
    /// One of two.
    If(Cond, Box<Node>, Box<Node>),
}

/// A part of a container, with the condition for its being there.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key, in a mapping.
    pub key: Option<Scalar>,
    /// When it is there, given that its container is.
    pub guard: Cond,
    /// What it is.
    pub node: Node,
}

impl Entry {
    /// The key, if it is all literal.
    #[must_use]
    pub fn literal_key(&self) -> Option<&str> {
        self.key.as_ref().and_then(Scalar::literal)
    }
}

impl Node {
    /// What stands for a node where it is named: of a range the first that it repeats.
    #[must_use]
    pub fn sample(&self) -> &Self {
        match self {
            Self::Range(_, entries) => entries.first().map_or(self, |entry| &entry.node),
            _ => self,
        }
    }

    /// The entries of a container; none for anything else.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match self {
            Self::Text(entries)
            | Self::Map(entries)
            | Self::Seq(entries)
            | Self::Range(_, entries) => entries,
            _ => &[],
        }
    }

    /// The entry under a literal key of a mapping.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|entry| entry.literal_key() == Some(key)),
            _ => None,
        }
    }
}

/// `a && b`, flattened.
#[must_use]
pub fn and(a: Cond, b: Cond) -> Cond {
    match (a, b) {
        (Cond::True, x) | (x, Cond::True) => x,
        (Cond::False, _) | (_, Cond::False) => Cond::False,
        (Cond::And(mut x), Cond::And(y)) => {
            x.extend(y);
            Cond::And(x)
        }
        (x, Cond::And(mut y)) => {
            y.insert(0, x);
            Cond::And(y)
        }
        (Cond::And(mut x), y) => {
            x.push(y);
            Cond::And(x)
        }
        (x, y) => Cond::And(vec![x, y]),
    }
}

/// `a || b`, flattened.
#[must_use]
pub fn or(a: Cond, b: Cond) -> Cond {
    match (a, b) {
        (Cond::False, x) | (x, Cond::False) => x,
        (Cond::True, _) | (_, Cond::True) => Cond::True,
        (x, Cond::Or(mut y)) => {
            y.insert(0, x);
            Cond::Or(y)
        }
        (Cond::Or(mut x), y) => {
            x.push(y);
            Cond::Or(x)
        }
        (x, y) => Cond::Or(vec![x, y]),
    }
}

/// `!a`.
#[must_use]
pub fn not(a: Cond) -> Cond {
    match a {
        Cond::True => Cond::False,
        Cond::False => Cond::True,
        Cond::Not(x) => *x,
        x => Cond::Not(Box::new(x)),
    }
}

/// `if c { t } else { f }`, as a formula without repetition where one exists.
#[must_use]
pub fn if_then_else(c: Cond, t: Cond, f: Cond) -> Cond {
    match (&t, &f) {
        (Cond::True, Cond::False) => c,
        (Cond::False, Cond::True) => not(c),
        (_, Cond::False) => and(c, t),
        (Cond::True, _) => or(c, f),
        (Cond::False, _) => and(not(c), f),
        (_, Cond::True) => or(not(c), t),
        _ => {
            // `if c { f || x } else { f }` is `c && x || f`.
            if let Cond::Or(arms) = &t
                && arms.contains(&f)
            {
                let mut rest = arms.iter().filter(|arm| **arm != f).cloned();
                let first = rest.next().unwrap_or(Cond::True);
                return or(and(c, rest.fold(first, or)), f);
            }
            or(and(c.clone(), t), and(not(c), f))
        }
    }
}
