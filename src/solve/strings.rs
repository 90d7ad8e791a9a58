//! Constant folding of strings: `+`, `%`, `.format`, f-strings, `join` and case methods.
//!
//! A part that is not a constant becomes a [`HOLE`], so that `"/%s/callback" % name` is the template `/{}/callback`.
//! What looks into a dict or list (`"%(a)s" % d`, `"/".join(parts)`) is folded late, when all else is stable: until then the
//! container may not be filled. Folding is finite: results know how many operations made them, and deep or long ones become "any string".

use super::graph::NodeId;
use super::layout::role;
use super::primitive::Pending;
use super::value::{ObjKind, Value, ValueId, well_known};
use super::{Origin, Solver, Use};
use crate::ir::{BinOp, FormatPart, Op};
use crate::link::Name;

/// Stands for a part of a string that only run time knows (U+FFFC, object replacement character).
pub const HOLE: char = '\u{FFFC}';
/// The same where a configuration value stands, which may have a default (U+FFFB).
pub const SETTING_HOLE: char = '\u{FFFB}';

/// Whether a text has a part that only run time knows.
pub fn has_hole(text: &str) -> bool {
    text.contains([HOLE, SETTING_HOLE])
}

/// Whether `text` is `template` with something in place of its setting holes.
pub fn fills(text: &str, template: &str) -> bool {
    let mut parts = template.split(SETTING_HOLE);
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (i, part) in parts.iter().enumerate() {
        if i + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.is_empty()
}

/// A text and how many operations made it.
type Part = (Name, u8);

/// A fold that waits until all else is stable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Late {
    /// `format % mapping`, an instruction.
    Percent(Origin),
    /// `separator.join(parts)`, a primitive.
    Join(u32),
}

impl Solver<'_> {
    /// The value of a text that flows to `dst`.
    fn folded(&mut self, text: &str, depth: u8, dst: NodeId) -> ValueId {
        let holes_only = text.chars().all(|c| c == HOLE || c == SETTING_HOLE);
        if text.len() > self.limits.string_length || depth > self.limits.string_depth {
            self.cap_at("folded-strings", dst.0);
            return well_known::ANY_STR;
        }
        if holes_only && !text.is_empty() {
            return well_known::ANY_STR;
        }
        let name = self.program.names.intern(text);
        let known = self.string_depth.entry(name).or_insert(depth);
        *known = (*known).min(depth);
        self.values.intern_keyed(Value::Str(name), None)
    }

    /// The texts that a node may hold, holes for what is not constant, with their depths.
    fn texts(&mut self, node: NodeId) -> Vec<Part> {
        let mut texts: Vec<Part> = Vec::new();
        let constant = |v: &ValueId| matches!(self.values.get(*v), Value::Str(_));
        let has_default = self.graph.values(node).iter().any(constant);
        for &value in self.graph.values(node) {
            let item = match self.values.get(value) {
                // A setting beside its default is the same text under another configuration.
                Value::Setting(_) if has_default => continue,
                Value::Str(name) => (name, self.string_depth.get(&name).copied().unwrap_or(0)),
                Value::Int(i) => (self.program.names.intern(&i.to_string()), 0),
                Value::Setting(_) => (self.names.setting_hole, 0),
                _ => (self.names.hole, 0),
            };
            if !texts.contains(&item) {
                texts.push(item);
            }
        }
        texts
    }

    /// Folds a binary operation from the current values of its operands.
    pub(super) fn fold_binop(&mut self, at: Origin) {
        let func = self.insts[at.inst.0 as usize].func;
        let Op::BinOp { dst, op, left, right, .. } = self.program.func(func).instrs[at.index as usize].op
        else {
            return;
        };
        let [dst, left, right] = [dst, left, right].map(|var| self.var(at.inst, var));
        if self.graph.values(left).is_empty() || self.graph.values(right).is_empty() {
            return;
        }
        let is_string = |s: &Self, node: NodeId| {
            s.graph.values(node).iter().any(|&v| matches!(s.values.get(v), Value::Str(_) | Value::AnyStr))
        };
        let is_set = |s: &Self, node: NodeId| {
            let set = |&v: &ValueId| matches!(s.values.get(v), Value::Obj(ObjKind::Set, ..));
            s.graph.values(node).iter().any(set)
        };
        let is_container = |s: &Self, node: NodeId| s.graph.values(node).iter().any(|&v| s.is_container(v));
        match op {
            BinOp::Add if is_container(self, left) || is_container(self, right) => {
                let list = self.object(ObjKind::List, at);
                let rest = self.rest(list);
                self.watch(left, Use::Iterate { dst: rest, at });
                self.watch(right, Use::Iterate { dst: rest, at });
                self.graph.add(dst, list);
            }
            BinOp::Add if is_string(self, left) || is_string(self, right) => {
                let count = self.graph.values(left).len() * self.graph.values(right).len();
                if count > self.limits.strings {
                    self.cap_at("folded-strings", dst.0);
                    self.graph.add(dst, well_known::ANY_STR);
                    return;
                }
                let (lefts, rights) = (self.texts(left), self.texts(right));
                for &(a, da) in &lefts {
                    for &(b, db) in &rights {
                        let text = [self.text(a), self.text(b)].concat();
                        let value = self.folded(&text, da.max(db) + 1, dst);
                        self.graph.add(dst, value);
                    }
                }
            }
            BinOp::Mod if is_string(self, left) => self.fold_percent(at, left, right, dst),
            BinOp::BitOr if is_set(self, left) || is_set(self, right) => {
                let set = self.object(ObjKind::Set, at);
                let rest = self.rest(set);
                self.watch(left, Use::Iterate { dst: rest, at });
                self.watch(right, Use::Iterate { dst: rest, at });
                self.graph.add(dst, set);
            }
            BinOp::BitOr if is_container(self, left) || is_container(self, right) => {
                let dict = self.object(ObjKind::Dict, at);
                self.watch(left, Use::Spread { to: dict });
                self.watch(right, Use::Spread { to: dict });
                self.graph.add(dst, dict);
            }
            BinOp::Mult if is_container(self, left) => {
                let list = self.object(ObjKind::List, at);
                let rest = self.rest(list);
                self.watch(left, Use::Iterate { dst: rest, at });
                self.graph.add(dst, list);
            }
            BinOp::Mult if is_string(self, left) => {
                self.graph.add(dst, well_known::ANY_STR);
            }
            _ => {
                self.graph.add(dst, well_known::OPAQUE);
            }
        }
    }

    fn fold_percent(&mut self, at: Origin, left: NodeId, right: NodeId, dst: NodeId) {
        let wide = self.graph.values(left).len() * self.graph.values(right).len() > self.limits.strings;
        if wide {
            self.cap_at("folded-strings", dst.0);
            self.graph.add(dst, well_known::ANY_STR);
            return;
        }
        let is = |s: &Self, value: ValueId, kind: ObjKind| matches!(s.values.get(value), Value::Obj(k, ..) if k == kind);
        let formats = self.texts(left);
        let rights = self.graph.values(right).to_vec();
        if rights.iter().any(|&v| is(self, v, ObjKind::Dict)) {
            self.fold_later(Late::Percent(at));
        }
        if rights.iter().any(|&v| !is(self, v, ObjKind::Tuple) && !is(self, v, ObjKind::Dict)) {
            let mut column = self.texts(right);
            if rights.iter().any(|&v| is(self, v, ObjKind::Tuple) || is(self, v, ObjKind::Dict)) {
                // The tuples and dicts stand for themselves.
                column.retain(|&(text, _)| text != self.names.hole);
            }
            self.fold_product(&formats, &[column], dst, percent);
        }
        for tuple in rights.into_iter().filter(|&v| is(self, v, ObjKind::Tuple)).collect::<Vec<_>>() {
            let mut columns: Vec<Vec<Part>> = Vec::new();
            for index in 0.. {
                let name = self.index_name(index);
                let Some(node) = self.existing_field(tuple, name) else { break };
                // Later values of the element fold again.
                self.refold(at, node);
                columns.push(self.texts(node));
            }
            self.fold_product(&formats, &columns, dst, percent);
        }
    }

    /// Keeps a fold for when all else is stable.
    pub(super) fn fold_later(&mut self, fold: Late) {
        if !self.late_folds.contains(&fold) {
            self.late_folds.push(fold);
        }
    }

    /// Folds what looks into containers. Returns whether there was anything to fold.
    pub(super) fn fold_late(&mut self) -> bool {
        let folds = std::mem::take(&mut self.late_folds);
        for &fold in &folds {
            match fold {
                Late::Percent(at) => self.fold_mapping(at),
                Late::Join(what) => self.fold_join(what),
            }
        }
        !folds.is_empty()
    }

    /// `format % mapping`, for the dicts among the values of the right side.
    fn fold_mapping(&mut self, at: Origin) {
        let func = self.insts[at.inst.0 as usize].func;
        let Op::BinOp { dst, left, right, .. } = self.program.func(func).instrs[at.index as usize].op else {
            return;
        };
        let [dst, left, right] = [dst, left, right].map(|var| self.var(at.inst, var));
        let formats = self.texts(left);
        let mut keys: Vec<String> =
            formats.iter().flat_map(|&(text, _)| percent_keys(self.text(text))).collect();
        keys.sort_unstable();
        keys.dedup();
        for value in self.graph.values(right).to_vec() {
            if !matches!(self.values.get(value), Value::Obj(ObjKind::Dict, ..)) {
                continue;
            }
            let columns = keys.iter().map(|key| {
                let key = self.program.names.intern(key);
                let node = self.field(value, key);
                self.refold(at, node);
                self.texts_or_hole(node)
            });
            let columns: Vec<Vec<Part>> = columns.collect();
            self.fold_product(&formats, &columns, dst, |format, row| {
                percent_with(format, |key| keys.iter().position(|k| Some(k.as_str()) == key).map(|i| row[i]))
            });
        }
    }

    /// `separator.join(parts)`: lists and tuples of which every element is known by its place.
    fn fold_join(&mut self, what: u32) {
        let Pending::Join { separator, parts, dst } = self.primitives[what as usize] else { return };
        let Value::Str(text) = self.values.get(separator) else { return };
        let depth = self.string_depth.get(&text).copied().unwrap_or(0);
        for value in self.graph.values(parts).to_vec() {
            if !self.is_fixed_sequence(value) {
                self.graph.add(dst, well_known::ANY_STR);
                continue;
            }
            let mut columns: Vec<Vec<Part>> = Vec::new();
            for index in 0.. {
                let name = self.index_name(index);
                let Some(node) = self.existing_field(value, name) else { break };
                if self.late_parts.insert((what, node)) {
                    let again = self.primitive(Pending::JoinAgain { what });
                    self.watch(node, Use::Primitive { what: again });
                }
                columns.push(self.texts_or_hole(node));
            }
            self.fold_product(&[(text, depth)], &columns, dst, |separator, row| row.join(separator));
        }
    }

    /// Whether a value is a list or tuple with elements that are all known by their places, as far as is known yet.
    pub(super) fn is_fixed_sequence(&self, value: ValueId) -> bool {
        matches!(self.values.get(value), Value::Obj(ObjKind::List | ObjKind::Tuple, ..))
            && self.slots.get(value).is_some_and(|slots| slots.rest.is_none() && !slots.named.is_empty())
    }

    /// The texts of a node; a hole where there is no value, which then nobody knows.
    fn texts_or_hole(&mut self, node: NodeId) -> Vec<Part> {
        let texts = self.texts(node);
        if texts.is_empty() { vec![(self.names.hole, 0)] } else { texts }
    }

    /// Folds an instruction again when a node behind one of its operands changes.
    fn refold(&mut self, at: Origin, node: NodeId) {
        if self.refolds.insert((at, node)) {
            self.watch(node, Use::Instr { at, role: role::ELEMENT });
        }
    }

    /// Folds every combination of a format and its columns of arguments.
    pub(super) fn fold_product(
        &mut self,
        formats: &[Part],
        columns: &[Vec<Part>],
        dst: NodeId,
        render: impl Fn(&str, &[&str]) -> String,
    ) {
        if columns.iter().any(Vec::is_empty) {
            return;
        }
        let count = columns.iter().fold(formats.len(), |n, c| n.saturating_mul(c.len()));
        if count > self.limits.strings {
            self.cap_at("folded-strings", dst.0);
            for &(format, depth) in formats {
                let holes = vec![self.text(self.names.hole); columns.len()];
                let text = render(self.text(format), &holes);
                let value = self.folded(&text, depth + 1, dst);
                self.graph.add(dst, value);
            }
            return;
        }
        for &(format, depth) in formats {
            let mut at = vec![0usize; columns.len()];
            'product: loop {
                let row: Vec<&str> = columns.iter().zip(&at).map(|(c, &i)| self.text(c[i].0)).collect();
                let deepest = columns.iter().zip(&at).map(|(c, &i)| c[i].1).max().unwrap_or(0);
                let text = render(self.text(format), &row);
                let value = self.folded(&text, depth.max(deepest) + 1, dst);
                self.graph.add(dst, value);
                let mut i = 0;
                loop {
                    if i == at.len() {
                        break 'product;
                    }
                    at[i] += 1;
                    if at[i] < columns[i].len() {
                        break;
                    }
                    at[i] = 0;
                    i += 1;
                }
            }
        }
    }

    /// Folds an f-string.
    pub(super) fn fold_format(&mut self, at: Origin, dst: NodeId) {
        let func = self.insts[at.inst.0 as usize].func;
        let Op::Format { parts, .. } = &self.program.func(func).instrs[at.index as usize].op else {
            return;
        };
        let parts = parts.clone();
        let mut columns = Vec::new();
        for part in parts {
            columns.push(match part {
                FormatPart::Text(sym) => {
                    vec![(self.program.file_of(func).names[sym.0 as usize], 0)]
                }
                FormatPart::Value(var, _) => self.texts(self.var(at.inst, var)),
            });
        }
        let start = self.program.names.intern("");
        self.fold_product(&[(start, 0)], &columns, dst, |_, row| row.concat());
    }

    /// `"...".format(...)` with the receiver's text and positional and keyword arguments.
    pub(super) fn fold_str_format(
        &mut self,
        format: ValueId,
        positional: &[NodeId],
        keywords: &[(String, NodeId)],
        dst: NodeId,
    ) {
        let Value::Str(name) = self.values.get(format) else {
            self.graph.add(dst, well_known::ANY_STR);
            return;
        };
        let depth = self.string_depth.get(&name).copied().unwrap_or(0);
        let mut columns = Vec::new();
        let mut keys = Vec::new();
        for (i, node) in positional.iter().enumerate() {
            keys.push(i.to_string());
            columns.push(self.texts(*node));
        }
        for (key, node) in keywords {
            keys.push(key.clone());
            columns.push(self.texts(*node));
        }
        self.fold_product(&[(name, depth)], &columns, dst, |format, row| brace_format(format, &keys, row));
    }
}

/// `format % row`, printf style (library reference, "printf-style String Formatting").
fn percent(format: &str, row: &[&str]) -> String {
    let mut row = row.iter();
    percent_with(format, |key| if key.is_none() { row.next().copied() } else { None })
}

/// The keys of a printf style format: those in `%(key)s`.
fn percent_keys(format: &str) -> Vec<String> {
    let mut keys = Vec::new();
    percent_with(format, |key| {
        keys.extend(key.map(str::to_owned));
        None
    });
    keys
}

/// Fills a printf style format. `argument` gives the text of the argument with a key, or of the next one; without one, and
/// where the conversion changes the text (`%5s`, `%r`, `%x`), there is a hole.
fn percent_with<'a>(format: &str, mut argument: impl FnMut(Option<&str>) -> Option<&'a str>) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some((text, conversion)) = rest.split_once('%') {
        out.push_str(text);
        if let Some(after) = conversion.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (key, conversion) = match conversion.strip_prefix('(').and_then(|named| named.split_once(')')) {
            Some((key, conversion)) => (Some(key), conversion),
            None => (None, conversion),
        };
        let is_type = |c: char| c.is_ascii_alphabetic() && !matches!(c, 'h' | 'l' | 'L');
        let end = conversion.find(is_type).map_or(conversion.len(), |at| at + 1);
        let plain = matches!(&conversion[..end], "s" | "d" | "i");
        match argument(key) {
            Some(text) if plain => out.push_str(text),
            _ => out.push(HOLE),
        }
        rest = &conversion[end..];
    }
    out + rest
}

/// `str.format` (library reference, "Format String Syntax"); `keys` name the arguments in `row`.
fn brace_format(format: &str, keys: &[String], row: &[&str]) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut auto = 0usize;
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.peek() == Some(&'{') => {
                chars.next();
                out.push('{');
            }
            '}' if chars.peek() == Some(&'}') => {
                chars.next();
                out.push('}');
            }
            '{' => {
                let mut field = String::new();
                for c in chars.by_ref() {
                    if c == '}' {
                        break;
                    }
                    field.push(c);
                }
                let plain = field.split([':', '!']).next().unwrap_or("").to_owned();
                let key = if plain.is_empty() {
                    auto += 1;
                    (auto - 1).to_string()
                } else {
                    plain
                };
                match keys.iter().position(|k| *k == key).and_then(|i| row.get(i)) {
                    Some(text) => out.push_str(text),
                    None => out.push(HOLE),
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_takes_arguments_in_order() {
        assert_eq!(percent("/%s/x/%d", &["a", "7"]), "/a/x/7");
        assert_eq!(percent("100%% %s", &[]), format!("100% {HOLE}"));
        assert_eq!(percent("%5s|%r|%s|%", &["a", "b", "c"]), format!("{HOLE}|{HOLE}|c|{HOLE}"));
        assert_eq!(percent("%(a)s/%s", &["x"]), format!("{HOLE}/x"));
    }

    #[test]
    fn percent_takes_arguments_by_key() {
        let format = "/%(a)s/%(b)d/%(a)s/%(c)s";
        assert_eq!(percent_keys(format), ["a", "b", "a", "c"]);
        let filled = percent_with(format, |key| match key {
            Some("a") => Some("x"),
            Some("b") => Some("7"),
            _ => None,
        });
        assert_eq!(filled, format!("/x/7/x/{HOLE}"));
    }

    #[test]
    fn braces_take_arguments_by_position_and_name() {
        let keys = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(brace_format("/{0}/{k}/{{}}", &keys(&["0", "k"]), &["a", "b"]), "/a/b/{}");
        assert_eq!(brace_format("{}-{}", &keys(&["0"]), &["a"]), format!("a-{HOLE}"));
    }
}
