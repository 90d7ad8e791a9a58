//! Gates: how conditions on settings are worded, and how such words are negated.
//!
//! A gate is text, as a reviewer looks for it in the source: `features.X`, `config.KEY == "value"`, `not features.X`,
//! `features.X and features.Y`. The same condition always has the same words.

/// Words of comparisons, each with those of its negation.
const OPPOSITES: [(&str, &str); 7] = [
    (" == ", " != "),
    (" is None", " is not None"),
    (" in (", " not in ("),
    (" contains ", " does not contain "),
    (" chooses ", " does not choose "),
    (" < ", " >= "),
    (" > ", " <= "),
];

/// Stands between gates that all hold.
pub(super) const AND: &str = " and ";
/// Stands between gates one of which holds.
pub(super) const OR: &str = " or ";
/// Ends the name of a setting of which some part is meant, it is not known which.
pub(super) const SOME_PART: &str = "[...]";
/// Stands for a part of a compound gate of which nothing is known.
pub(super) const UNKNOWN: &str = "?";

/// Whether a gate says several things.
pub fn is_compound(gate: &str) -> bool {
    gate.contains(AND) || gate.contains(OR)
}

/// Whether a gate says more than the name of a setting. What compares it with something is not followed, or a loop would
/// compare for ever.
pub(super) fn is_condition(gate: &str) -> bool {
    gate.contains(' ')
}

/// Two gates as one, whose text does not depend on their order. `word` is [`AND`] or [`OR`].
pub(super) fn joined(one: &str, word: &str, other: &str) -> String {
    let part = |gate: &str| {
        if is_compound(gate) && !gate.contains(word) { format!("({gate})") } else { gate.to_owned() }
    };
    let mut parts: Vec<String> = [one, other].into_iter().map(part).collect();
    parts.sort_by(|a, b| (a == UNKNOWN, a).cmp(&(b == UNKNOWN, b)));
    parts.join(word)
}

/// The gate that holds if one of two does. A gate that has alternatives itself has them among those of the whole.
pub fn either(one: &str, other: &str) -> String {
    let mut parts: Vec<&str> = if one.contains(AND) || other.contains(AND) {
        return joined(one, OR, other);
    } else {
        one.split(OR).chain(other.split(OR)).collect()
    };
    parts.sort_unstable();
    parts.dedup();
    parts.join(OR)
}

/// The gates that hold if this one does: the parts of a conjunction, none of a gate of which too much is unknown.
pub(super) fn claims(gate: &str) -> Vec<&str> {
    let conjunction = !gate.contains(OR) && !gate.starts_with("not (");
    let parts: Vec<&str> = if conjunction { gate.split(AND).collect() } else { vec![gate] };
    let is_open_word = |word: &str| word == UNKNOWN || word.ends_with(SOME_PART);
    let is_open = |part: &&str| part.split([' ', '(', ')']).any(is_open_word);
    parts.into_iter().filter(|part| !is_open(part)).collect()
}

/// A setting without the mark of some part of it.
pub fn without_part(setting: &str) -> &str {
    setting.strip_suffix(SOME_PART).unwrap_or(setting)
}

/// The negation of a gate.
pub fn negated(gate: &str) -> String {
    if let Some(inner) = gate.strip_prefix("not (").and_then(|rest| rest.strip_suffix(')')) {
        return inner.to_owned();
    }
    if is_compound(gate) {
        return format!("not ({gate})");
    }
    if let Some(inner) = gate.strip_prefix("not ") {
        return inner.to_owned();
    }
    for (positive, negative) in OPPOSITES {
        // The negative words of one pair hold the positive ones of no pair.
        for (word, other) in [(negative, positive), (positive, negative)] {
            if let Some((subject, rest)) = gate.split_once(word) {
                return format!("{subject}{other}{rest}");
            }
        }
    }
    format!("not {gate}")
}

/// The setting that a gate is about; of a compound one the first.
pub fn subject(gate: &str) -> &str {
    let positive = gate.strip_prefix("not ").unwrap_or(gate);
    let end = positive.find([' ', ')']).unwrap_or(positive.len());
    positive[..end].trim_start_matches('(')
}

/// The gates that several ways have in common.
#[derive(Default)]
pub struct Common(Option<Vec<String>>);

impl Common {
    /// One more way, with its gates.
    pub fn add(&mut self, gates: Vec<String>) {
        match &mut self.0 {
            None => self.0 = Some(gates),
            Some(common) => common.retain(|gate| gates.contains(gate)),
        }
    }

    /// Whether there are ways, and nothing is common to them: more of them change nothing.
    pub fn is_over(&self) -> bool {
        self.0.as_ref().is_some_and(Vec::is_empty)
    }

    /// The gates; none if there is no way.
    pub fn known(self) -> Option<Vec<String>> {
        self.0
    }

    /// The gates; no gates if there is no way.
    pub fn all(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negation_negated_is_the_gate() {
        for (gate, negation) in [
            ("features.A", "not features.A"),
            ("config.A == \"x\"", "config.A != \"x\""),
            ("config.A is None", "config.A is not None"),
            ("config.A in (1, 2)", "config.A not in (1, 2)"),
            ("config.A contains \"x\"", "config.A does not contain \"x\""),
            ("config.A chooses \"x\"", "config.A does not choose \"x\""),
            ("config.A < 3", "config.A >= 3"),
            ("config.A > 3", "config.A <= 3"),
            ("features.A and features.B", "not (features.A and features.B)"),
        ] {
            assert_eq!(negated(gate), negation);
            assert_eq!(negated(negation), gate);
        }
    }

    #[test]
    fn a_gate_claims_what_is_known_of_it() {
        let both = joined("features.B", AND, "features.A");
        assert_eq!(both, "features.A and features.B");
        assert_eq!(claims(&both), ["features.A", "features.B"]);
        assert_eq!(claims(&negated(&both)), ["not (features.A and features.B)"]);
        let part = joined("features.A", AND, UNKNOWN);
        assert_eq!(claims(&part), ["features.A"]);
        assert_eq!(claims(&negated(&part)), [""; 0]);
        let part = joined("features.A", OR, UNKNOWN);
        assert_eq!(claims(&part), [""; 0]);
        assert_eq!(claims(&joined(&part, AND, "features.B")), [""; 0]);
        assert_eq!(claims(&joined("config.A[...]", AND, "features.B")), ["features.B"]);
        assert_eq!(claims(&joined("config.A[...]", OR, "features.B")), [""; 0]);
        assert_eq!(joined(&both, OR, "features.C"), "(features.A and features.B) or features.C");
    }

    #[test]
    fn a_gate_is_about_its_setting() {
        for gate in
            ["config.A", "not config.A", "config.A != 3", "not (config.A and config.B)", "config.A in (1, 2)"]
        {
            assert_eq!(subject(gate), "config.A");
        }
    }
}
