//! The tool's part of a cell: where it begins and ends, and how it comes and goes.
//!
//! It stands between [`OPEN`] and [`CLOSE`], on one line. What people wrote before and after it stays byte for byte.
//! Neither marker is a thing that people type, that a spreadsheet turns into something else, or that needs quotes in CSV.

use std::ops::Range;

/// Begins the tool's part.
pub const OPEN: &str = "[producer-map:";
/// Ends it.
pub const CLOSE: &str = ":producer-map]";

/// A cell in which the tool's part cannot be told from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Opened and not closed.
    Open,
    /// Closed and not opened.
    Closed,
    /// More than one.
    Several,
}

impl Broken {
    /// What is wrong, and what to do about it.
    pub fn message(self) -> String {
        let wrong = match self {
            Self::Open => format!("`{OPEN}` is not followed by `{CLOSE}`"),
            Self::Closed => format!("`{CLOSE}` stands without `{OPEN}` in front of it"),
            Self::Several => format!("`{OPEN}` stands there more than once"),
        };
        format!("{wrong}: delete what the tool wrote, markers and all, and run link again")
    }
}

/// Where the tool's part of a cell is, markers included.
///
/// # Errors
/// When the markers do not make one part.
pub fn find(cell: &[u8]) -> Result<Option<Range<usize>>, Broken> {
    let (opened, closed) = (places(cell, OPEN), places(cell, CLOSE));
    match (opened.as_slice(), closed.as_slice()) {
        ([], []) => Ok(None),
        ([], _) => Err(Broken::Closed),
        ([open], [close]) if open < close => Ok(Some(*open..*close + CLOSE.len())),
        ([_], []) => Err(Broken::Open),
        ([_], [_]) => Err(Broken::Closed),
        _ => Err(Broken::Several),
    }
}

fn places(cell: &[u8], marker: &str) -> Vec<usize> {
    cell.windows(marker.len())
        .enumerate()
        .filter(|(_, seen)| *seen == marker.as_bytes())
        .map(|(at, _)| at)
        .collect()
}

/// The cell with `text` as the tool's part, or without one: replaced where it stands, and else put at the end, behind
/// one space if there is something in front of it. That space goes with the part.
///
/// # Errors
/// When the markers that stand there do not make one part.
pub fn set(cell: &[u8], text: Option<&str>) -> Result<Vec<u8>, Broken> {
    let (before, after) = match find(cell)? {
        Some(span) => {
            let mut before = &cell[..span.start];
            if text.is_none() {
                before = before.strip_suffix(b" ").unwrap_or(before);
            }
            (before.to_vec(), &cell[span.end..])
        }
        None if text.is_some() && !cell.is_empty() => ([cell, b" "].concat(), &[][..]),
        None => (cell.to_vec(), &[][..]),
    };
    let part = text.map(|text| format!("{OPEN} {text} {CLOSE}")).unwrap_or_default();
    Ok([&before, part.as_bytes(), after].concat())
}

/// Text as it may stand between the markers: on one line, without a marker, without the quotes that would make CSV
/// quote the cell.
pub fn plain(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| match character {
            '"' => '\'',
            character if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => ' ',
            character => character,
        })
        .collect();
    line.replace(OPEN, "(producer-map:").replace(CLOSE, ":producer-map)")
}

/// The sign at the start of a cell that makes a spreadsheet run it as a formula, if there is one. Spaces in front of
/// it are not counted on to help. Source: OWASP, CSV Injection.
pub fn formula(cell: &[u8]) -> Option<char> {
    let text = String::from_utf8_lossy(cell);
    let first = text.chars().next().filter(|first| matches!(first, '\t' | '\r' | '\n'));
    let sign = |first: &char| matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    first.or_else(|| text.trim_start().chars().next().filter(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_text(cell: &str, text: Option<&str>) -> String {
        String::from_utf8(set(cell.as_bytes(), text).expect(cell)).expect("UTF-8")
    }

    #[test]
    fn a_part_comes_stays_and_goes() {
        for cell in ["", "checked by hand", "ends with a space ", " ", "two\nlines", "a, \"b\"", "=1"] {
            let with = set_text(cell, Some("one"));
            assert_eq!(set_text(&with, Some("one")), with);
            let other = set_text(&with, Some("two; with more"));
            assert_eq!(other, with.replace("one", "two; with more"));
            assert_eq!(set_text(&other, None), cell);
            assert_eq!(set_text(cell, None), cell);
        }
        assert_eq!(set_text("note", Some("x")), "note [producer-map: x :producer-map]");
    }

    #[test]
    fn what_people_write_around_it_stays() {
        let cell = "before [producer-map: old :producer-map], after ";
        assert_eq!(set_text(cell, Some("new")), "before [producer-map: new :producer-map], after ");
        assert_eq!(set_text(cell, None), "before, after ");
        assert_eq!(set_text("x[producer-map::producer-map]y", None), "xy");
        let bytes = b"\xff [producer-map: old :producer-map] \xfe";
        assert_eq!(set(bytes, None), Ok(b"\xff \xfe".to_vec()));
    }

    #[test]
    fn broken_markers_are_told_apart() {
        let broken = |cell: &str| find(cell.as_bytes()).expect_err(cell);
        assert_eq!(broken("a [producer-map: x"), Broken::Open);
        assert_eq!(broken("x :producer-map] a"), Broken::Closed);
        assert_eq!(broken(":producer-map] [producer-map:"), Broken::Closed);
        let one = "[producer-map: x :producer-map]";
        assert_eq!(broken(&format!("{one} {one}")), Broken::Several);
        assert_eq!(broken(&format!("[producer-map: {one}")), Broken::Several);
        assert_eq!(broken(&format!("{one} :producer-map]")), Broken::Several);
        assert_eq!(find(b"[producer-map] and producer-map: are words like others"), Ok(None));
    }

    #[test]
    fn no_text_breaks_out() {
        let text = plain("a\r\n\"b\"\t[producer-map: c :producer-map]");
        assert_eq!(text, "a  'b' (producer-map: c :producer-map)");
        assert_eq!(set_text("x", Some(&text)).matches(CLOSE).count(), 1);
    }

    #[test]
    fn formulas_are_known_by_their_first_sign() {
        for cell in ["=1", "+1", "-1", "@x", "\tx", "\rx", "  =1", "＝1"] {
            assert!(formula(cell.as_bytes()).is_some(), "{cell:?}");
        }
        for cell in ["", " ", "a=1", "[producer-map: -x", "'=1", "1-1", "\u{ff}=1"] {
            assert_eq!(formula(cell.as_bytes()), None, "{cell:?}");
        }
    }
}
