//! CSV files that people own: read with every byte, written back with nothing changed but the fields that were asked for.
//!
//! `csv-core` says where fields end; this room keeps the span of each, so that a written file differs from the one that
//! was read in those spans alone. Byte order mark, line ends (of any kind, mixed too), blank lines, quotes that need not
//! be there, bytes that are not UTF-8 and a missing newline at the end all stay.
//!
//! A file is read strictly where readers disagree about what it says: text behind a closing quote, a quote that is never
//! closed, a record that is longer or shorter than the header. Source of the rules: RFC 4180.

mod split;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// Something that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong, and what to do about it.
    pub message: String,
}

/// The problems of a file as messages end: each on a line of its own, with the file and its line.
pub(crate) struct Listing<'a>(pub(crate) &'a Path, pub(crate) &'a [Problem]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.1 {
            write!(f, "\n  {}:{}: {}", self.0.display(), problem.line, problem.message)?;
        }
        Ok(())
    }
}

/// A CSV file.
#[derive(Debug, Clone)]
pub struct Sheet {
    bytes: Vec<u8>,
    header: Record,
    rows: Vec<Record>,
}

/// One record as it stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Record {
    /// Line on which it starts, from 1.
    line: u64,
    /// What lies between the delimiters, quotes included.
    fields: Vec<Range<usize>>,
}

/// New texts by (row, column), both counted from 0 without the header.
pub type Edits = BTreeMap<(usize, usize), Vec<u8>>;

impl Sheet {
    /// Takes `bytes` apart. Beside the sheet come the problems in line order; a record that has one is not among the
    /// rows. A sheet with problems is good for finding more of them, and not for writing.
    pub fn parse(bytes: Vec<u8>) -> (Self, Vec<Problem>) {
        let (mut records, mut problems) = split::records(&bytes);
        let header = if records.is_empty() { Record::default() } else { records.remove(0) };
        let width = header.fields.len();
        if width == 0 && problems.is_empty() {
            problems.push(Problem {
                line: 1,
                message: "the file is empty: its first line names the columns".into(),
            });
        }
        records.retain(|record| {
            let found = record.fields.len();
            if found != width {
                let message =
                    format!("{found} columns where the header has {width}: check the quotes and commas");
                problems.push(Problem { line: record.line, message });
            }
            found == width
        });
        problems.sort_by_key(|problem| problem.line);
        (Self { bytes, header, rows: records }, problems)
    }

    /// Number of rows, the header not counted.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row but the header.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The content as it was read.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Names of the columns, without the spaces around them.
    pub fn header(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.header.fields.iter().map(|span| match unquoted(&self.bytes[span.clone()]) {
            Cow::Borrowed(name) => trimmed(String::from_utf8_lossy(name)),
            Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).trim().to_owned()),
        })
    }

    /// Position of the column `name`, if the header has it once.
    ///
    /// # Errors
    /// When the header names it twice.
    pub fn column(&self, name: &str) -> Result<Option<usize>, Problem> {
        let mut found =
            self.header().enumerate().filter(|(_, column)| column == name).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (_, Some(_)) => {
                let message = format!("column `{name}` appears twice in the header");
                Err(Problem { line: self.header.line, message })
            }
            (first, None) => Ok(first),
        }
    }

    /// Line on which a row starts, from 1.
    pub fn line(&self, row: usize) -> u64 {
        self.rows[row].line
    }

    /// What a field says: its bytes without the quotes of CSV.
    pub fn field(&self, row: usize, column: usize) -> Cow<'_, [u8]> {
        unquoted(&self.bytes[self.rows[row].fields[column].clone()])
    }

    /// What a field says, without the spaces around it; bytes that are not UTF-8 are replaced.
    pub fn text(&self, row: usize, column: usize) -> String {
        String::from_utf8_lossy(&self.field(row, column)).trim().to_owned()
    }

    /// The file with new texts in some fields. All other bytes are those that were read; a field that gets the text
    /// it has keeps its bytes as well.
    pub fn edited(&self, edits: &Edits) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + edits.values().map(Vec::len).sum::<usize>());
        let mut done = 0;
        // By row, then by column: the spans follow each other as in the file.
        for (&(row, column), text) in edits {
            let span = self.rows[row].fields[column].clone();
            out.extend_from_slice(&self.bytes[done..span.start]);
            let only = self.rows[row].fields.len() == 1;
            put(&mut out, &self.bytes[span.clone()], text, only);
            done = span.end;
        }
        out.extend_from_slice(&self.bytes[done..]);
        out
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// Writes `text` in the place of the field `raw`: with quotes if it had them or needs them. The `only` field of a record
/// needs them to be empty as well, since an empty line is no record.
fn put(out: &mut Vec<u8>, raw: &[u8], text: &[u8], only: bool) {
    if *unquoted(raw) == *text {
        out.extend_from_slice(raw);
        return;
    }
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\r' | b'\n');
    if !(raw.starts_with(b"\"") || text.iter().any(special) || only && text.is_empty()) {
        out.extend_from_slice(text);
        return;
    }
    out.push(b'"');
    for byte in text {
        if *byte == b'"' {
            out.push(b'"');
        }
        out.push(*byte);
    }
    out.push(b'"');
}

/// What a field that [`split::records`] accepted says.
fn unquoted(raw: &[u8]) -> Cow<'_, [u8]> {
    let Some(inner) = raw.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")) else {
        return Cow::Borrowed(raw);
    };
    if !inner.contains(&b'"') {
        return Cow::Borrowed(inner);
    }
    let mut text = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        text.push(*byte);
        if *byte == b'"' {
            // Inside of quotes a quote stands doubled.
            bytes.next();
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests;
