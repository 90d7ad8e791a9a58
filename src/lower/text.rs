//! Names and places: the string table, positions, and the scan that refuses files nested too deeply.

use indexmap::IndexSet;
use ruff_text_size::TextSize;
use rustc_hash::FxBuildHasher;

use crate::ir::{Pos, Sym};

/// The string table while a file is lowered.
#[derive(Default)]
pub(super) struct Interner {
    strings: IndexSet<Box<str>, FxBuildHasher>,
}

impl Interner {
    /// The symbol of a string.
    pub(super) fn intern(&mut self, text: &str) -> Sym {
        let index = match self.strings.get_index_of(text) {
            Some(index) => index,
            None => self.strings.insert_full(text.into()).0,
        };
        Sym(index as u32)
    }

    /// The symbol of an identifier read inside the given class, private names mangled as Python does.
    pub(super) fn name(&mut self, text: &str, class: Option<&str>) -> Sym {
        match mangled(text, class) {
            Some(text) => self.intern(&text),
            None => self.intern(text),
        }
    }

    /// The symbol of an identifier, if it has one.
    pub(super) fn find(&self, text: &str, class: Option<&str>) -> Option<Sym> {
        let index = match mangled(text, class) {
            Some(text) => self.strings.get_index_of(text.as_str()),
            None => self.strings.get_index_of(text),
        };
        index.map(|index| Sym(index as u32))
    }

    /// The string of a symbol.
    pub(super) fn text(&self, sym: Sym) -> &str {
        self.strings.get_index(sym.0 as usize).map_or("", |text| text.as_ref())
    }

    /// The finished table.
    pub(super) fn into_strings(self) -> Vec<Box<str>> {
        self.strings.into_iter().collect()
    }
}

/// A private name as Python rewrites it inside a class.
fn mangled(text: &str, class: Option<&str>) -> Option<String> {
    if !text.starts_with("__") || text.ends_with("__") || text.contains('.') {
        return None;
    }
    let class = class?.trim_start_matches('_');
    (!class.is_empty()).then(|| format!("_{class}{text}"))
}

/// Offsets to lines and columns. Remembers the last line: lowering asks in almost ascending order.
pub(super) struct Lines<'a> {
    source: &'a str,
    starts: Vec<u32>,
    ascii: bool,
    last: usize,
}

impl<'a> Lines<'a> {
    /// Indexes a file; `\n`, `\r\n` and `\r` end lines, as in Python.
    pub(super) fn new(source: &'a str) -> Self {
        let bytes = source.as_bytes();
        let mut starts = Vec::with_capacity(bytes.len() / 32 + 1);
        starts.push(0);
        for i in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[i] == b'\n' || bytes.get(i + 1) != Some(&b'\n') {
                starts.push(i as u32 + 1);
            }
        }
        Lines { source, starts, ascii: source.is_ascii(), last: 0 }
    }

    /// The position of an offset.
    pub(super) fn pos(&mut self, offset: TextSize) -> Pos {
        let offset = u32::from(offset);
        let after = |line: usize| self.starts.get(line + 1).is_none_or(|&next| offset < next);
        let mut line = self.last;
        if self.starts[line] > offset || !after(line) {
            if self.starts[line] <= offset && after(line + 1) {
                line += 1;
            } else {
                line = self.starts.partition_point(|&start| start <= offset) - 1;
            }
            self.last = line;
        }
        let start = self.starts[line] as usize;
        let col = if self.ascii {
            offset as usize - start
        } else {
            let text = self.source.get(start..offset as usize).unwrap_or("");
            let text = if line == 0 { text.trim_start_matches('\u{feff}') } else { text };
            text.chars().count()
        };
        Pos { line: line as u32 + 1, col: col as u32 + 1 }
    }

    /// The line of the last character before an offset.
    pub(super) fn line_before(&mut self, end: TextSize) -> u32 {
        self.pos(TextSize::from(u32::from(end).saturating_sub(1))).line
    }

    /// The first offset at or after `from` that is neither blank, nor comment, nor line continuation.
    pub(super) fn skip_trivia(&self, from: TextSize) -> TextSize {
        let bytes = self.source.as_bytes();
        let mut i = from.to_usize();
        while let Some(&byte) = bytes.get(i) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b'\x0c' | b'\\' => i += 1,
                b'#' => {
                    while bytes.get(i).is_some_and(|&b| b != b'\n' && b != b'\r') {
                        i += 1;
                    }
                }
                _ => break,
            }
        }
        TextSize::from(i as u32)
    }
}

/// Brackets that may be open at once.
const MAX_BRACKETS: u32 = 1000;
/// Levels of indentation, the limit that Python itself has.
const MAX_INDENTS: usize = 100;

/// Finds the offset where a file nests deeper than lowering is willing to follow. The scan knows strings and
/// comments well enough for a limit that no sensible file comes near; it is not a lexer.
pub(super) fn too_deep(source: &str) -> Option<u32> {
    let bytes = source.as_bytes();
    let mut open = 0u32;
    let mut indents: Vec<usize> = vec![0];
    let mut line_start = true;
    let mut i = 0;
    while i < bytes.len() {
        if line_start {
            line_start = false;
            let begin = i;
            while matches!(bytes.get(i), Some(b' ' | b'\t' | b'\x0c')) {
                i += 1;
            }
            let width = i - begin;
            if open == 0 && !matches!(bytes.get(i), None | Some(b'\n' | b'\r' | b'#')) {
                while indents.last().is_some_and(|&top| top > width) {
                    indents.pop();
                }
                if indents.last().is_none_or(|&top| top < width) {
                    indents.push(width);
                    if indents.len() > MAX_INDENTS {
                        return Some(i as u32);
                    }
                }
            }
            continue;
        }
        let Some(skip) = bytes[i..].iter().position(|&byte| MATTERS[byte as usize]) else { break };
        i += skip;
        match bytes[i] {
            b'(' | b'[' | b'{' => {
                open += 1;
                if open > MAX_BRACKETS {
                    return Some(i as u32);
                }
            }
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            b'\n' | b'\r' => line_start = true,
            b'#' => i = memchr::memchr2(b'\n', b'\r', &bytes[i..]).map_or(bytes.len(), |at| i + at - 1),
            b'\\' => i += 1,
            quote @ (b'"' | b'\'') => i = end_of_string(bytes, i, quote),
            _ => {}
        }
        i += 1;
    }
    None
}

/// The bytes that open, close or end something outside of strings.
const MATTERS: [bool; 256] = {
    let mut matters = [false; 256];
    let bytes = b"()[]{}\n\r#\\\"'";
    let mut i = 0;
    while i < bytes.len() {
        matters[bytes[i] as usize] = true;
        i += 1;
    }
    matters
};

/// The last byte of the string that `quote` at `start` opens; of an unfinished one the last before the line ends.
fn end_of_string(bytes: &[u8], start: usize, quote: u8) -> usize {
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let mut i = start + if triple { 3 } else { 1 };
    while let Some(rest) = bytes.get(i..) {
        let Some(at) = (match triple {
            true => memchr::memchr2(quote, b'\\', rest),
            false => rest.iter().position(|&b| b == quote || matches!(b, b'\\' | b'\n' | b'\r')),
        }) else {
            break;
        };
        i += at;
        match bytes[i] {
            b'\\' => i += 2,
            b'\n' | b'\r' => return i - 1,
            _ if !triple => return i,
            _ if bytes[i..].starts_with(&[quote; 3]) => return i + 2,
            _ => i += 1,
        }
    }
    bytes.len()
}
