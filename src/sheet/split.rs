//! Where records and fields begin and end.

use csv_core::{ReadFieldResult, Reader};

use super::{Problem, Record};

/// The byte order mark that some programs write in front of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// The records of `bytes`, the header among them, and fields that cannot be understood.
pub(super) fn records(bytes: &[u8]) -> (Vec<Record>, Vec<Problem>) {
    let mut reader = Reader::new();
    // A field never says more than it has bytes: the output is never full.
    let mut scratch = vec![0; bytes.len() + 1];
    let mut records = Vec::new();
    let mut problems = Vec::new();
    let mut lines = Lines { bytes, at: 0, line: 1 };
    let mut record = Record::default();
    let mut at = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    let mut start = at;
    loop {
        let (result, read, _) = reader.read_field(&bytes[at..], &mut scratch);
        at += read;
        match result {
            // Asked once more with nothing left, the reader ends the field, or says that there is none.
            ReadFieldResult::InputEmpty => {}
            ReadFieldResult::OutputFull => scratch.resize(scratch.len() * 2, 0),
            ReadFieldResult::End => break,
            ReadFieldResult::Field { record_end } => {
                if record.fields.is_empty() {
                    // The reader passes over line ends in front of a record: the rest of `\r\n`, and blank lines.
                    start += bytes[start..at].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                    record.line = lines.of(start);
                }
                // With `read` of 0 the file ended the field, and no delimiter.
                let end = if read == 0 { at } else { at - 1 };
                if let Some(message) = fault(&bytes[start..end]) {
                    problems.push(Problem { line: lines.of(start), message: message.to_owned() });
                }
                record.fields.push(start..end);
                start = at;
                if record_end {
                    records.push(std::mem::take(&mut record));
                }
            }
        }
    }
    (records, problems)
}

/// What is wrong with a field.
fn fault(raw: &[u8]) -> Option<&'static str> {
    let mut inner = raw.strip_prefix(b"\"")?.iter();
    while let Some(byte) = inner.next() {
        if *byte == b'"' {
            match inner.next() {
                None => return None,
                Some(b'"') => {}
                Some(_) => {
                    return Some("text behind a closing quote: double the quotes inside of a quoted field");
                }
            }
        }
    }
    Some("a quote opens here and is never closed: close it, or double it if it is part of the text")
}

/// Counts lines up to growing offsets: `\n`, `\r\n` and a single `\r` each end one. The reader's own count knows `\n`
/// alone, and names the blank line before a record.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> u64 {
        while self.at < offset {
            let next = self.bytes.get(self.at + 1);
            match self.bytes[self.at] {
                b'\n' => self.line += 1,
                b'\r' if next != Some(&b'\n') => self.line += 1,
                _ => {}
            }
            self.at += 1;
        }
        self.line
    }
}
