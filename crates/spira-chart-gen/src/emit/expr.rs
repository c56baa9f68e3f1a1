//! Expressions of the template language: paths, conditions, texts.

use serde_json::json;

use super::writer::{Names, Writer};
use crate::{
    trace::{Choice, Kind, Shape, StrShape, ordinals_path},
    tree::{Cond, Intrinsic, Scalar, Seg, Source},
};

/// A Go string literal.
#[must_use]
pub fn go_string(text: &str) -> String {
    if text.contains(['"', '\\'])
        && !text.contains(['`', '\n'])
        && text.chars().all(|c| !c.is_control())
    {
        return format!("`{text}`");
    }
    json!(text).to_string()
}

/// Literal text, where the template engine would read it: what opens an action is escaped.
#[must_use]
pub fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

/// An expression in parentheses where it has several words.
#[must_use]
pub fn paren(expression: &str) -> String {
    let grouped = expression.starts_with('(')
        && expression.ends_with(')')
        && !expression[1..expression.len() - 1].contains([')', '(']);
    let quoted = expression.starts_with('"') && !expression[1..expression.len() - 1].contains('"');
    if !expression.contains(' ') || grouped || quoted {
        expression.to_owned()
    } else {
        format!("({expression})")
    }
}

impl Writer<'_> {
    /// The expression for the value at a path.
    pub(super) fn path(&self, path: &str, names: &Names) -> String {
        if let Some(number) = ordinals_path(path) {
            return format!("until ({} | int)", self.path(number, names));
        }
        let (base, rest) = match names.item(path) {
            Some((variable, rest)) => (variable, rest),
            None => (format!("{}.Values", names.root_prefix()), path),
        };
        if rest.contains(['[', '{']) {
            self.refuse(format!("{path} is used outside the range of its list"));
        }
        let is_word = |key: &str| key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if rest.split('.').all(is_word) {
            return format!("{base}{rest}");
        }
        let keys: Vec<String> = rest
            .split('.')
            .filter(|key| !key.is_empty())
            .map(go_string)
            .collect();
        format!("(index {base} {})", keys.join(" "))
    }

    /// Whether the value of an Option is true in a template whenever it is set.
    pub(super) fn is_truthy_when_set(&self, path: &str) -> bool {
        fn truthy(shape: &Shape) -> bool {
            match shape {
                Shape::Str(string) => string.min > 0,
                Shape::Enum(_) => true,
                Shape::Int { min, max, .. } => *min > 0 || *max < 0,
                Shape::Struct(fields) => fields
                    .iter()
                    .any(|(_, field)| !matches!(field, Shape::Opt(_))),
                _ => false,
            }
        }
        match self.shape(path) {
            Some(Shape::Opt(inner)) => truthy(inner),
            Some(shape) => truthy(shape),
            None => false,
        }
    }

    fn is_set(&self, choice: &Choice, names: &Names) -> String {
        let path = self.path(choice.value_path(), names);
        if self.is_truthy_when_set(choice.value_path()) {
            path
        } else {
            format!("not (kindIs \"invalid\" {path})")
        }
    }

    /// The expression for a condition.
    pub(super) fn condition(&self, cond: &Cond, names: &Names) -> String {
        let all = |word: &str, conds: &[Cond]| {
            let mut conds: Vec<&Cond> = conds.iter().collect();
            // An Option comes before what it holds: the template engine stops at the first no.
            conds.sort_by_key(|cond| self.depth(cond));
            let words: Vec<String> = conds
                .into_iter()
                .map(|cond| paren(&self.condition(cond, names)))
                .collect();
            format!("{word} {}", words.join(" "))
        };
        match cond {
            Cond::True => "true".to_owned(),
            Cond::False => "false".to_owned(),
            Cond::And(conds) => all("and", conds),
            Cond::Or(conds) => all("or", conds),
            Cond::Not(inner) => format!("not {}", paren(&self.condition(inner, names))),
            Cond::Is(choice, variants) => {
                self.is(&self.traced.samples.choices[*choice], variants, names)
            }
        }
    }

    fn depth(&self, cond: &Cond) -> usize {
        match cond {
            Cond::Is(choice, _) => {
                let choice = &self.traced.samples.choices[*choice];
                choice.path.matches('.').count() * 2 + usize::from(choice.path.ends_with('~'))
            }
            Cond::Not(inner) => self.depth(inner),
            Cond::And(conds) | Cond::Or(conds) => {
                conds.iter().map(|cond| self.depth(cond)).max().unwrap_or(0)
            }
            _ => 0,
        }
    }

    fn is(&self, choice: &Choice, variants: &[u8], names: &Names) -> String {
        let path = self.path(choice.value_path(), names);
        let on = variants == [1];
        match &choice.kind {
            Kind::Enum(all) => {
                let name = |variant: u8| go_string(&all[usize::from(variant)]);
                match variants {
                    [one] => format!("eq {path} {}", name(*one)),
                    _ if variants.len() + 1 == all.len() => {
                        let other = (0..choice.arity())
                            .find(|variant| !variants.contains(variant))
                            .unwrap_or(0);
                        format!("ne {path} {}", name(other))
                    }
                    _ => format!(
                        "has {path} (list {})",
                        variants
                            .iter()
                            .map(|variant| name(*variant))
                            .collect::<Vec<_>>()
                            .join(" ")
                    ),
                }
            }
            Kind::Set if on => self.is_set(choice, names),
            Kind::Set if self.is_truthy_when_set(choice.value_path()) => format!("not {path}"),
            Kind::Set => format!("kindIs \"invalid\" {path}"),
            Kind::Bool | Kind::NonEmpty if on => path,
            Kind::Bool | Kind::NonEmpty => format!("not {path}"),
        }
    }

    /// The expression for one piece of a text.
    fn piece(&self, seg: &Seg, names: &Names) -> String {
        match seg {
            Seg::Lit(text) => go_string(text),
            Seg::Int(path) => format!("{} | int64", self.path(path, names)),
            Seg::Str(Source::Value(path)) => self.path(path, names),
            Seg::Str(Source::Key(path)) => names.key(path).unwrap_or_else(|| {
                self.refuse(format!(
                    "the key of {path} is used outside the range of its map"
                ));
                String::new()
            }),
            Seg::Str(Source::Call(call)) => self.call(call, names),
        }
    }

    fn call(&self, call: &Intrinsic, names: &Names) -> String {
        let root = names.root();
        let prefix = names.root_prefix();
        let own = self.component;
        self.note(call);
        match call {
            Intrinsic::ReleaseName => format!("{prefix}.Release.Name"),
            Intrinsic::Namespace => format!("{prefix}.Release.Namespace"),
            Intrinsic::ChartLabel(_) => format!("include \"{own}.chart\" {root}"),
            Intrinsic::AppVersion(_) => format!("{prefix}.Chart.AppVersion"),
            Intrinsic::Fullname(component) if component == own => {
                format!("include \"{own}.fullname\" {root}")
            }
            Intrinsic::Fullname(component) => {
                format!("include \"{own}.{component}.fullname\" {root}")
            }
            Intrinsic::Image { path, .. } => format!(
                "include \"{own}.image\" (dict \"image\" {} \"root\" {root})",
                self.path(path, names)
            ),
            Intrinsic::Checksum(object) => {
                if let Some(shared) = self.outline.data_of(object, self.traced) {
                    format!(
                        "include \"{}\" {root} | fromYaml | toRawJson | sha256sum",
                        shared.name
                    )
                } else {
                    self.refuse(
                        "a checksum is taken of what is no object with data of this component"
                            .to_owned(),
                    );
                    String::new()
                }
            }
            Intrinsic::JobSuffix => {
                let Some(shared) = self.outline.job_template(self.traced) else {
                    self.refuse(
                        "the suffix of a Job's name stands elsewhere than in it".to_owned(),
                    );
                    return String::new();
                };
                format!(
                    "dict \"revision\" {prefix}.Release.Revision \"template\" (include \"{}\" {root} | fromYaml) | toRawJson | sha256sum | trunc 8",
                    shared.name
                )
            }
            Intrinsic::Sha256(text) => format!("{} | sha256sum", self.expression(text, names)),
            Intrinsic::ShortSha256(text) => {
                format!("{} | sha256sum | trunc 8", self.expression(text, names))
            }
            Intrinsic::Join { path, separator } => {
                format!("join {} {}", go_string(separator), self.path(path, names))
            }
            Intrinsic::Credential { secret, key, value } => {
                self.credential(None, secret, key, value, names)
            }
        }
    }

    /// The helper is told of a given value too: `default` would have it fail or generate first.
    pub(super) fn credential(
        &self,
        given: Option<&str>,
        secret: &[Seg],
        key: &[Seg],
        value: &str,
        names: &Names,
    ) -> String {
        let given = given
            .map(|path| format!("\"given\" {} ", self.path(path, names)))
            .unwrap_or_default();
        format!(
            "include \"{}.credential\" (dict {given}\"secret\" {} \"key\" {} \"value\" {} \"root\" {})",
            self.component,
            paren(&self.expression(secret, names)),
            paren(&self.expression(key, names)),
            go_string(value),
            names.root()
        )
    }

    /// One expression for a whole text.
    pub(super) fn expression(&self, segs: &[Seg], names: &Names) -> String {
        if let [one] = segs {
            return self.piece(one, names);
        }
        let mut format = String::new();
        let mut arguments = String::new();
        for seg in segs {
            match seg {
                Seg::Lit(text) => format.push_str(&text.replace('%', "%%")),
                seg => {
                    format.push_str(if matches!(seg, Seg::Int(_)) || Self::is_ordinal(seg) {
                        "%d"
                    } else {
                        "%s"
                    });
                    arguments.push(' ');
                    arguments.push_str(&paren(&self.piece(seg, names)));
                }
            }
        }
        format!("printf {}{arguments}", go_string(&format))
    }

    /// Whether the value is one of a few words that YAML takes for strings.
    fn is_plain_enum(&self, path: &str) -> bool {
        let shape = match self.shape(path) {
            Some(Shape::Opt(inner)) => Some(&**inner),
            shape => shape,
        };
        matches!(shape, Some(Shape::Enum(names)) if names.iter().all(|name| plain_or_quoted(name) == *name))
    }

    fn is_ordinal(seg: &Seg) -> bool {
        matches!(seg, Seg::Str(Source::Value(path)) if path.starts_with("@ordinals("))
    }

    /// Whether no value of a piece can break out of double quotes.
    fn is_plain(&self, seg: &Seg) -> bool {
        match seg {
            Seg::Lit(text) => {
                !text.contains(['"', '\\', '\n', '\t']) && text.chars().all(|c| !c.is_control())
            }
            Seg::Int(_) => true,
            Seg::Str(Source::Value(path)) => {
                Self::is_ordinal(seg)
                    || self.string_shape(path).is_some_and(StrShape::is_plain)
                    || matches!(self.shape(path), Some(Shape::Enum(_)))
            }
            Seg::Str(Source::Key(path)) => self
                .string_shape(&format!("{path}#key"))
                .is_some_and(StrShape::is_plain),
            Seg::Str(Source::Call(call)) => {
                !matches!(
                    **call,
                    Intrinsic::Sha256(_)
                        | Intrinsic::ShortSha256(_)
                        | Intrinsic::Checksum(_)
                        | Intrinsic::Join { .. }
                ) && !matches!(**call, Intrinsic::Credential { .. })
            }
        }
    }

    /// Whether no value of a piece can break out of its line.
    pub(super) fn fits_a_line(&self, seg: &Seg) -> bool {
        match seg {
            Seg::Lit(_) => true,
            Seg::Str(Source::Value(path)) if !self.is_plain(seg) => {
                self.string_shape(path).is_some_and(StrShape::is_one_line)
            }
            // Hex digits; whether they are a number in YAML matters outside of text only.
            Seg::Str(Source::Call(call)) if matches!(**call, Intrinsic::ShortSha256(_)) => true,
            // The helper refuses a live Secret with more than one line.
            Seg::Str(Source::Call(call)) if matches!(**call, Intrinsic::Credential { .. }) => true,
            seg => self.is_plain(seg),
        }
    }

    /// The text of a scalar in YAML.
    pub(super) fn scalar(&self, scalar: &Scalar, names: &Names) -> String {
        match scalar {
            Scalar::Null => "null".to_owned(),
            Scalar::Bool(is) => is.to_string(),
            Scalar::Num(number) => number.to_string(),
            Scalar::Int(path) => format!("{{{{ {} | int64 }}}}", self.path(path, names)),
            Scalar::Str(segs) => self.string(segs, names),
        }
    }

    fn string(&self, segs: &[Seg], names: &Names) -> String {
        match segs {
            [Seg::Lit(text)] => return plain_or_quoted(text),
            [Seg::Int(path)] => return format!("\"{{{{ {} | int64 }}}}\"", self.path(path, names)),
            [Seg::Str(Source::Value(path))] if self.is_plain_enum(path) => {
                return format!("{{{{ {} }}}}", self.path(path, names));
            }
            [one] => return format!("{{{{ {} | quote }}}}", self.piece(one, names)),
            _ => {}
        }
        if !segs.iter().all(|seg| self.is_plain(seg)) {
            return format!("{{{{ {} | quote }}}}", self.expression(segs, names));
        }
        let text = self.inline(segs, names);
        let starts_as_name = matches!(&segs[0], Seg::Str(Source::Call(call)) if matches!(**call, Intrinsic::Fullname(_)));
        let harmless = segs.iter().all(|seg| match seg {
            Seg::Lit(text) => text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c)),
            _ => true,
        });
        if starts_as_name && harmless {
            text
        } else {
            format!("\"{text}\"")
        }
    }

    /// Literal text with actions in it.
    pub(super) fn inline(&self, segs: &[Seg], names: &Names) -> String {
        segs.iter()
            .map(|seg| match seg {
                Seg::Lit(text) => literal(text),
                seg => format!("{{{{ {} }}}}", self.piece(seg, names)),
            })
            .collect()
    }
}

/// A literal scalar, with quotes where YAML would take it for something else than a string.
#[must_use]
pub fn plain_or_quoted(text: &str) -> String {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    if starts && plain && !WORDS.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        literal(&json!(text).to_string())
    }
}
