//! The text of a Python file: which encoding it declares (PEP 263), and decoding it as CPython would.
//!
//! Without a declaration a source is UTF-8 (PEP 3120). The encodings that are known, and under which names, is data:
//! `data/encodings.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use encoding_rs::{DecoderResult, Encoding};
use serde::Deserialize;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Why a file has no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// Line from 1: of the declaration, or of the first byte that is no character.
    pub line: u32,
    /// Column in characters from 1.
    pub column: u32,
    /// Whether the declaration is what is wrong, not a byte.
    pub declaration: bool,
    /// What is wrong and what to do about it.
    pub message: String,
}

/// Decodes a Python source; a byte order mark is dropped.
///
/// # Errors
/// When the encoding that it declares is not known or contradicts the byte order mark, or a byte is no character of
/// the encoding.
pub fn decode(bytes: Vec<u8>) -> Result<String, Undecodable> {
    let marked = bytes.starts_with(BYTE_ORDER_MARK);
    let body = if marked { &bytes[BYTE_ORDER_MARK.len()..] } else { &bytes };
    let Some(declaration) = declaration(body) else {
        return utf8(
            bytes,
            ", and no encoding is declared; declare it (PEP 263) or convert the file to UTF-8",
        );
    };
    let problem = |message| Undecodable {
        line: declaration.line,
        column: declaration.column,
        declaration: true,
        message,
    };
    let name = declaration.name;
    // CPython takes no other name of UTF-8 beside the mark.
    if marked && normal_name(name) != "utf-8" {
        let message =
            format!("encoding problem: {name} with BOM; remove the byte order mark or declare utf-8");
        return Err(problem(message));
    }
    match codec(name) {
        Some(Codec::Utf8) => {
            utf8(bytes, ", which it declares; correct the declaration or convert the file to UTF-8")
        }
        Some(Codec::OneByte(table)) => one_byte(body, name, &table),
        Some(Codec::ManyBytes(encoding)) => many_bytes(body, name, encoding),
        None => {
            let message = format!(
                "encoding problem: {name} is not an encoding of Python or not one that is read here; convert the file to UTF-8"
            );
            Err(problem(message))
        }
    }
}

/// The same for showing: where a byte is no character stands U+FFFD.
pub fn decode_for_display(bytes: Vec<u8>) -> String {
    let lossy = String::from_utf8_lossy(&bytes).into_owned();
    decode(bytes).unwrap_or(lossy)
}

/// Where a file declares its encoding, and which.
#[derive(Debug, PartialEq, Eq)]
struct Declaration<'a> {
    line: u32,
    column: u32,
    name: &'a str,
}

/// The declaration in a comment that stands alone in the first line, or in the second after one that is blank or a comment.
fn declaration(source: &[u8]) -> Option<Declaration<'_>> {
    let mut rest = source;
    for line in 1..=2 {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let text = &rest[..end];
        let blank = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\x0c')).count();
        match text.get(blank) {
            None => {}
            Some(b'#') => {
                if let Some((start, name)) = declared_name(text) {
                    let column = String::from_utf8_lossy(&text[..start]).chars().count() as u32 + 1;
                    return Some(Declaration { line, column, name });
                }
            }
            Some(_) => return None,
        }
        let ends_with_both = rest[end..].starts_with(b"\r\n");
        rest = rest.get(end + 1 + usize::from(ends_with_both)..)?;
    }
    None
}

/// What `coding[:=][ \t]*([-\w.]+)` finds in a line, with its offset.
fn declared_name(line: &[u8]) -> Option<(usize, &str)> {
    memchr::memmem::find_iter(line, b"coding").find_map(|at| {
        let separator = at + b"coding".len();
        line.get(separator).filter(|byte| matches!(byte, b':' | b'='))?;
        let length_of =
            |from: usize, test: fn(u8) -> bool| line[from..].iter().take_while(|b| test(**b)).count();
        let start = separator + 1 + length_of(separator + 1, |byte| matches!(byte, b' ' | b'\t'));
        let length = length_of(start, |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let name = std::str::from_utf8(&line[start..start + length]).ok()?;
        (!name.is_empty()).then_some((start, name))
    })
}

/// The names that CPython's tokenizer knows by itself, with endings such as `-unix` that editors add; other names as they
/// are (`get_normal_name` in `Parser/tokenizer.c`).
fn normal_name(name: &str) -> String {
    let lower = name.chars().take(12).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() });
    let lower: String = lower.collect();
    let is =
        |known: &str| lower.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    if is("utf-8") {
        "utf-8".to_owned()
    } else if ["latin-1", "iso-8859-1", "iso-latin-1"].into_iter().any(is) {
        "iso-8859-1".to_owned()
    } else {
        name.to_owned()
    }
}

/// How an encoding is decoded.
enum Codec {
    Utf8,
    /// What the bytes from 0x80 on stand for; the others are ASCII.
    OneByte(Box<[Option<char>; 128]>),
    ManyBytes(&'static Encoding),
}

/// An entry of `data/encodings.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    decoder: String,
    #[serde(default)]
    controls: Controls,
    #[serde(default)]
    names: Vec<String>,
}

/// What the bytes 0x80 to 0x9F are to CPython.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Controls {
    /// What the decoder makes of them.
    #[default]
    Decoded,
    /// The control characters of these numbers.
    Kept,
    /// What the decoder makes of them, unless that is a control character: no character at all.
    Refused,
}

/// The table of encodings.
///
/// # Panics
/// Never in a released program: a test reads the embedded file.
fn table() -> &'static BTreeMap<String, Entry> {
    static TABLE: LazyLock<BTreeMap<String, Entry>> =
        LazyLock::new(|| match toml::from_str(include_str!("../../data/encodings.toml")) {
            Ok(table) => table,
            Err(error) => panic!("the table of encodings is malformed: {error}"),
        });
    &TABLE
}

/// The codec of a name, spelt in any of the ways that Python takes (`encodings.normalize_encoding`).
fn codec(name: &str) -> Option<Codec> {
    let words = normal_name(name).to_ascii_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let wanted = words.collect::<Vec<_>>().join("_");
    let known = |(codec, entry): &(&String, &Entry)| **codec == wanted || entry.names.contains(&wanted);
    let (_, entry) = table().iter().find(known)?;
    Some(match entry.decoder.as_str() {
        "utf-8" => Codec::Utf8,
        "ascii" => Codec::OneByte(Box::new([None; 128])),
        "latin-1" => Codec::OneByte(Box::new(std::array::from_fn(|i| char::from_u32(i as u32 + 0x80)))),
        label => {
            let encoding = Encoding::for_label(label.as_bytes())?;
            if !encoding.is_single_byte() {
                return Some(Codec::ManyBytes(encoding));
            }
            let character = |i: usize| character(encoding, i as u8 + 0x80, entry.controls);
            Codec::OneByte(Box::new(std::array::from_fn(character)))
        }
    })
}

/// What a byte from 0x80 on stands for in an encoding of one byte for each character.
fn character(encoding: &'static Encoding, byte: u8, controls: Controls) -> Option<char> {
    if controls == Controls::Kept && byte < 0xa0 {
        return Some(char::from(byte));
    }
    let bytes = [byte];
    let text = encoding.decode_without_bom_handling_and_without_replacement(&bytes)?;
    let decoded = text.chars().next()?;
    (controls != Controls::Refused || !decoded.is_control()).then_some(decoded)
}

/// Decodes UTF-8; a byte order mark is dropped. `advice` ends the sentence that says what is wrong.
pub(super) fn utf8(bytes: Vec<u8>, advice: &str) -> Result<String, Undecodable> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        }),
        Err(error) => {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let valid = valid.strip_prefix(BYTE_ORDER_MARK).unwrap_or(valid);
            Err(undecodable(&String::from_utf8_lossy(valid), format!("not valid UTF-8{advice}")))
        }
    }
}

fn one_byte(bytes: &[u8], name: &str, table: &[Option<char>; 128]) -> Result<String, Undecodable> {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        let character = if byte < 0x80 { Some(char::from(byte)) } else { table[usize::from(byte - 0x80)] };
        match character {
            Some(character) => text.push(character),
            None => return Err(no_character(&text, byte, name)),
        }
    }
    Ok(text)
}

fn many_bytes(bytes: &[u8], name: &str, encoding: &'static Encoding) -> Result<String, Undecodable> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let capacity = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
    let mut text = String::with_capacity(capacity);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true) {
        (DecoderResult::InputEmpty, _) => Ok(text),
        (DecoderResult::Malformed(bad, after), read) => {
            let at = read.saturating_sub(usize::from(bad) + usize::from(after));
            Err(no_character(&text, bytes.get(at).copied().unwrap_or_default(), name))
        }
        // The text has room for all that the decoder said it may write.
        (DecoderResult::OutputFull, _) => Err(no_character(&text, 0, name)),
    }
}

fn no_character(before: &str, byte: u8, name: &str) -> Undecodable {
    let advice = "correct the declaration or convert the file to UTF-8";
    undecodable(
        before,
        format!("byte 0x{byte:02x} is no character of {name}, which the file declares; {advice}"),
    )
}

/// The place after `before`, the text that was decoded.
fn undecodable(before: &str, message: String) -> Undecodable {
    let ends =
        |text: &str| text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count();
    let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    Undecodable {
        line: ends(before) as u32 + 1,
        column: before[start..].chars().count() as u32 + 1,
        declaration: false,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(source: &[u8]) -> Option<&str> {
        declaration(source).map(|declaration| declaration.name)
    }

    #[test]
    fn every_entry_of_the_table_can_be_decoded() {
        let mut names: Vec<&String> = Vec::new();
        for (codec_name, entry) in table() {
            assert!(codec(codec_name).is_some(), "{codec_name}");
            names.push(codec_name);
            names.extend(&entry.names);
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "two codecs share a name");
    }

    #[test]
    fn a_declaration_stands_in_a_comment_of_the_first_two_lines() {
        assert_eq!(name(b"# -*- coding: latin-1 -*-\n"), Some("latin-1"));
        assert_eq!(name(b"#!/bin/python\r\n# vim: set fileencoding=cp1252 :\r\n"), Some("cp1252"));
        assert_eq!(name(b"\n \x0c#coding=koi8-r"), Some("koi8-r"));
        assert_eq!(name(b"# coding:\xe9 coding: utf-8\n"), Some("utf-8"));
    }

    #[test]
    fn what_only_looks_like_a_declaration_is_none() {
        assert_eq!(name(b"\n\n# coding: latin-1\n"), None, "the third line");
        assert_eq!(name(b"import os\n# coding: latin-1\n"), None, "after code");
        assert_eq!(name(b"coding = 'latin-1'  # coding: latin-1\n"), None, "behind code");
        assert_eq!(name(b"# coding : latin-1\n"), None, "a blank before the colon");
        assert_eq!(name(b"'''\n# coding: latin-1\n'''\n"), None, "in a string");
    }

    #[test]
    fn names_are_spelt_in_many_ways() {
        for name in ["latin-1", "Latin_1", "ISO-8859-1", "iso8859-1", "L1", "latin-1-unix"] {
            let source = format!("# coding: {name}\n");
            let bytes = [source.as_bytes(), b"\xe9\x80"].concat();
            assert_eq!(decode(bytes), Ok(format!("{source}\u{e9}\u{80}")));
        }
        assert!(codec("latin-17").is_none());
    }

    #[test]
    fn latin_1_is_not_windows_1252() {
        let last = |name: &str| {
            let source = format!("# coding: {name}\n").bytes().chain([0x93]).collect();
            decode(source).map(|text| text.chars().last())
        };
        assert_eq!(last("latin-1"), Ok(Some('\u{93}')));
        assert_eq!(last("cp1252"), Ok(Some('\u{201c}')));
    }

    #[test]
    fn bytes_that_are_no_characters_are_named_with_their_place() {
        let place = |source: &[u8]| decode(source.to_vec()).map_err(|e| (e.line, e.column, e.declaration));
        assert_eq!(place(b"# coding: ascii\n\nx = '\xe9'\n"), Err((3, 6, false)));
        assert_eq!(place(b"# coding: cp1252\r\nx = '\xe9\x81'\n"), Err((2, 7, false)));
        assert_eq!(place(b"# coding: shift_jis\rx = '\x83\x5c\x83'\n"), Err((2, 7, false)));
        assert_eq!(place(b"# coding: utf-8\n\xe9\n"), Err((2, 1, false)));
        assert_eq!(place(b"\xef\xbb\xbfx = '\xe9'\n"), Err((1, 6, false)));
        assert_eq!(place(b"#\n# \xc3\xa9 coding: klingon\n"), Err((2, 13, true)));
        assert_eq!(place(b"\xef\xbb\xbf# coding: latin-1\n"), Err((1, 11, true)));
        assert_eq!(place(b"\xef\xbb\xbf# coding: utf-8\nx"), Ok("# coding: utf-8\nx".to_owned()));
    }
}
