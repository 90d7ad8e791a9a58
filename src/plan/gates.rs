//! Conditions as trackers write them, in the words of the evidence.
//!
//! A cell holds one condition per decorator, separated by `;`; a condition may join several with `and`. The tracker
//! copies source text (`app.config.get("KEY") is not None`), the evidence names the setting (`config.KEY is not None`).

const QUOTES: [char; 2] = ['"', '\''];

/// A condition: all of its parts must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// As written.
    pub text: String,
    /// Its parts, in the words of the evidence.
    pub parts: Vec<String>,
}

/// The conditions of a cell.
pub fn conditions(cell: &str) -> Vec<Condition> {
    let condition = |text: String| {
        let parts = if text.contains(" or ") {
            vec![text.split(" or ").map(setting).collect::<Vec<_>>().join(" or ")]
        } else {
            text.split(" and ").map(setting).collect()
        };
        Condition { text, parts }
    };
    super::items(cell).into_iter().map(condition).collect()
}

/// A part with its setting named as the evidence names it.
fn setting(part: &str) -> String {
    let part = part.trim();
    let normalised = configured(part).unwrap_or_else(|| part.to_owned());
    normalised.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `app.config.get("KEY", default) REST` and `app.config["KEY"] REST` as `config.KEY REST`, and what is read of the setting the
/// same way as `config.KEY.part REST`.
fn configured(part: &str) -> Option<String> {
    let (before, after) = part.split_once("config")?;
    let (prefix, receiver) = match before.strip_prefix("not ") {
        Some(receiver) => ("not ", receiver.trim()),
        None => ("", before),
    };
    let is_receiver = receiver.is_empty()
        || receiver
            .strip_suffix('.')
            .is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.')));
    if !is_receiver {
        return None;
    }
    let (key, mut rest) = subscript(after)?;
    let is_word = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    let key = key.trim_matches(QUOTES);
    if !is_word(key) {
        return None;
    }
    let mut name = format!("{prefix}config.{key}");
    while let Some((quoted, after)) = subscript(rest) {
        let part = quoted.trim_matches(QUOTES);
        if part == quoted || !is_word(part) {
            break;
        }
        name.push('.');
        name.push_str(part);
        rest = after;
    }
    Some(format!("{name}{rest}"))
}

/// The key of `.get(KEY, default) REST` and `[KEY] REST`, and the rest.
fn subscript(text: &str) -> Option<(&str, &str)> {
    let (inner, closing) = match text.strip_prefix(".get(") {
        Some(inner) => (inner, ')'),
        None => (text.strip_prefix('[')?, ']'),
    };
    let (arguments, rest) = inner.split_once(closing)?;
    Some((arguments.split(',').next()?.trim(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(cell: &str) -> Vec<Vec<String>> {
        conditions(cell).into_iter().map(|condition| condition.parts).collect()
    }

    #[test]
    fn one_condition_for_each_decorator() {
        assert_eq!(
            parts("features.A; features.B and features.C"),
            [vec!["features.A".to_owned()], vec!["features.B".to_owned(), "features.C".to_owned()]]
        );
        assert_eq!(parts("features.A or features.B"), [["features.A or features.B"]]);
        assert_eq!(parts(" ; "), Vec::<Vec<String>>::new());
    }

    #[test]
    fn configuration_is_named_as_in_the_evidence() {
        for (written, meant) in [
            ("app.config.get(\"PATH\") is not None", "config.PATH is not None"),
            ("app.config.get('KEEP', True)", "config.KEEP"),
            ("app.config[\"TYPE\"] == \"Database\"", "config.TYPE == \"Database\""),
            ("not config.get(\"CLOSED\")", "not config.CLOSED"),
            ("app.config[\"CACHE\"].get('engine') == \"noop\"", "config.CACHE.engine == \"noop\""),
            ("config.get('CACHE', {})[0] == 1", "config.CACHE[0] == 1"),
            ("features.X", "features.X"),
            ("reconfigure(a)[0]", "reconfigure(a)[0]"),
            ("app.config[key]", "config.key"),
        ] {
            assert_eq!(parts(written), [[meant]]);
        }
    }
}
