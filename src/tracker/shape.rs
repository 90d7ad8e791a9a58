//! What a tracker's path stands for, and whether a rule of the application fits it.
//!
//! A tracker is made by reading decorators one at a time, so that some of its paths hold an expression it could
//! not fold, in angle brackets like a placeholder. Two kinds occur:
//!
//! * the brackets hold the row's own `path_expr`: the expression has one value, and the row stands for the one
//!   rule in which that value stands ([`Shape::Expression`]);
//! * the brackets hold something that is neither a placeholder nor the expression: a name for a value that
//!   differs from one registration to the next, and the row stands for all of them ([`Shape::Family`]).

use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, Operator};

/// What a row's `path_template` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// The rule itself.
    Exact,
    /// A rule of which only these pieces are known.
    Expression(Template),
    /// All rules of this form; the holes differ from one to the next.
    Family(Template),
}

/// Part of a [`Template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text as it stands in the rule.
    Literal(String),
    /// Text that is not known.
    Hole,
}

/// A rule with holes. No two pieces of a kind follow each other and no literal holds two slashes in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

impl Shape {
    /// The shape of a row.
    pub fn of(path_template: &str, path_expr: &str) -> Self {
        // A plain path is its own expression, and `<name>` in it a placeholder even if a constant is called so.
        if !path_expr.is_empty() && !path_expr.starts_with('/') {
            let marker = format!("<{path_expr}>");
            if let Some(at) = path_template.find(&marker) {
                let mut template = Template::default();
                template.literal(&path_template[..at]);
                template.expression(path_expr);
                template.literal(&path_template[at + marker.len()..]);
                return Self::Expression(template.normal());
            }
        }
        match family(path_template) {
            Some(template) => Self::Family(template),
            None => Self::Exact,
        }
    }
}

impl Template {
    /// The rule of a scan as a template: `{}` marks what only configuration decides.
    pub fn of_rule(rule: &str) -> Self {
        let mut template = Self::default();
        for (index, text) in rule.split("{}").enumerate() {
            if index > 0 {
                template.pieces.push(Piece::Hole);
            }
            template.literal(text);
        }
        template.merge()
    }

    /// The pieces, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Number of characters that are known.
    pub fn known(&self) -> usize {
        let length = |piece: &Piece| match piece {
            Piece::Literal(text) => text.chars().count(),
            Piece::Hole => 0,
        };
        self.pieces.iter().map(length).sum()
    }

    /// Whether some text fits both templates, when a hole stands for one or more characters of any kind.
    pub fn fits(&self, other: &Self) -> bool {
        unify(&self.symbols(), &other.symbols(), true)
    }

    /// Like [`Template::fits`], when a hole stays within one segment of the path.
    pub fn fits_within_segments(&self, other: &Self) -> bool {
        unify(&self.symbols(), &other.symbols(), false)
    }

    /// Whether any part is unknown.
    pub fn has_holes(&self) -> bool {
        self.pieces.contains(&Piece::Hole)
    }

    fn literal(&mut self, text: &str) {
        if !text.is_empty() {
            self.pieces.push(Piece::Literal(text.to_owned()));
        }
    }

    /// Adds the pieces of a Python expression; what cannot be read is a hole.
    fn expression(&mut self, source: &str) {
        match ruff_python_parser::parse_expression(source) {
            Ok(parsed) => self.python(parsed.expr()),
            Err(_) => self.pieces.push(Piece::Hole),
        }
    }

    fn python(&mut self, expression: &Expr) {
        match expression {
            Expr::StringLiteral(string) => self.literal(string.value.to_str()),
            Expr::BinOp(binary) if binary.op == Operator::Add => {
                self.python(&binary.left);
                self.python(&binary.right);
            }
            Expr::BinOp(binary) if binary.op == Operator::Mod => match binary.left.as_ref() {
                Expr::StringLiteral(string) => self.percent_format(string.value.to_str()),
                _ => self.pieces.push(Piece::Hole),
            },
            Expr::Call(call) => match call.func.as_ref() {
                Expr::Attribute(attribute) if attribute.attr.as_str() == "format" => {
                    match attribute.value.as_ref() {
                        Expr::StringLiteral(string) => self.brace_format(string.value.to_str()),
                        _ => self.pieces.push(Piece::Hole),
                    }
                }
                _ => self.pieces.push(Piece::Hole),
            },
            Expr::FString(string) => {
                for part in &string.value {
                    match part {
                        FStringPart::Literal(literal) => self.literal(&literal.value),
                        FStringPart::FString(string) => {
                            for element in &string.elements {
                                match element {
                                    InterpolatedStringElement::Literal(literal) => {
                                        self.literal(&literal.value)
                                    }
                                    InterpolatedStringElement::Interpolation(_) => {
                                        self.pieces.push(Piece::Hole)
                                    }
                                }
                            }
                        }
                    }
                }
            }
            _ => self.pieces.push(Piece::Hole),
        }
    }

    /// The pieces of the left side of `%`: conversions such as `%s`, `%(name)s` and `%05d` are holes.
    fn percent_format(&mut self, format: &str) {
        let mut text = String::new();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if c != '%' {
                text.push(c);
                continue;
            }
            if chars.peek() == Some(&'%') {
                chars.next();
                text.push('%');
                continue;
            }
            self.literal(&std::mem::take(&mut text));
            self.pieces.push(Piece::Hole);
            if chars.peek() == Some(&'(') {
                chars.by_ref().find(|c| *c == ')');
            }
            // Flags, width and precision end at the conversion's letter.
            chars.by_ref().find(char::is_ascii_alphabetic);
        }
        self.literal(&text);
    }

    /// The pieces of a string on which `.format` is called: fields are holes, `{{` and `}}` are braces.
    fn brace_format(&mut self, format: &str) {
        let mut text = String::new();
        let mut chars = format.chars().peekable();
        while let Some(c) = chars.next() {
            if (c == '{' || c == '}') && chars.peek() == Some(&c) {
                chars.next();
                text.push(c);
            } else if c == '{' {
                self.literal(&std::mem::take(&mut text));
                self.pieces.push(Piece::Hole);
                let mut depth = 1;
                for c in chars.by_ref() {
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    if depth == 0 {
                        break;
                    }
                }
            } else {
                text.push(c);
            }
        }
        self.literal(&text);
    }

    /// Joins neighbours of a kind.
    fn merge(self) -> Self {
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in self.pieces {
            match (pieces.last_mut(), piece) {
                (Some(Piece::Literal(text)), Piece::Literal(more)) => text.push_str(&more),
                (Some(Piece::Hole), Piece::Hole) => {}
                (_, piece) => pieces.push(piece),
            }
        }
        Self { pieces }
    }

    /// Joins neighbours of a kind and collapses the slashes that joining a prefix and a path doubles.
    fn normal(self) -> Self {
        let mut template = self.merge();
        for piece in &mut template.pieces {
            if let Piece::Literal(text) = piece {
                while text.contains("//") {
                    *text = text.replace("//", "/");
                }
            }
        }
        template
    }

    fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => symbols.extend(text.chars().map(Symbol::Char)),
                Piece::Hole => symbols.push(Symbol::Hole),
            }
        }
        symbols
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Symbol {
    Char(char),
    Hole,
}

/// Whether a text fits both sides. `reach[i][j]` says that the first `i` and `j` symbols can stand for the same
/// text, where a hole already entered may go on; a hole stands for at least one character.
fn unify(a: &[Symbol], b: &[Symbol], across: bool) -> bool {
    let swallows = |symbol: Symbol| across || symbol != Symbol::Char('/');
    let mut reach = vec![vec![false; b.len() + 1]; a.len() + 1];
    reach[0][0] = true;
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            if !reach[i][j] {
                continue;
            }
            if let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
                let step = match (x, y) {
                    (Symbol::Char(x), Symbol::Char(y)) => x == y,
                    (Symbol::Hole, y) => swallows(*y),
                    (x, Symbol::Hole) => swallows(*x),
                };
                if step {
                    reach[i + 1][j + 1] = true;
                }
            }
            // A hole just left behind takes one more symbol of the other side.
            if let (Some(Symbol::Hole), Some(y)) = (i.checked_sub(1).map(|i| a[i]), b.get(j))
                && swallows(*y)
            {
                reach[i][j + 1] = true;
            }
            if let (Some(Symbol::Hole), Some(x)) = (j.checked_sub(1).map(|j| b[j]), a.get(i))
                && swallows(*x)
            {
                reach[i + 1][j] = true;
            }
        }
    }
    reach[a.len()][b.len()]
}

/// The template of a path with something in angle brackets that is no placeholder; none if there is no such.
fn family(path: &str) -> Option<Template> {
    let mut template = Template::default();
    let mut rest = path;
    let mut found = false;
    while let Some(at) = rest.find('<') {
        template.literal(&rest[..at]);
        rest = &rest[at..];
        let end = match placeholder(rest) {
            Some(end) => {
                template.literal(&rest[..end]);
                end
            }
            None => {
                found = true;
                template.pieces.push(Piece::Hole);
                bracketed(rest)
            }
        };
        rest = &rest[end..];
    }
    template.literal(rest);
    found.then(|| template.normal())
}

/// Length of the placeholder `<name>`, `<converter:name>` or `<converter(arguments):name>` that `text` starts with.
fn placeholder(text: &str) -> Option<usize> {
    let mut at = 1 + identifier(&text[1..])?;
    if text[at..].starts_with('(') {
        at += arguments(&text[at..])?;
        if !text[at..].starts_with(':') {
            return None;
        }
    }
    if text[at..].starts_with(':') {
        at += 1;
        at += identifier(&text[at..])?;
    }
    text[at..].starts_with('>').then_some(at + 1)
}

/// Length of the identifier that `text` starts with.
fn identifier(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if first != '_' && !first.is_alphabetic() {
        return None;
    }
    Some(text.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(text.len()))
}

/// Length of the parenthesised arguments that `text` starts with; parentheses in quotes do not count.
fn arguments(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Length of the bracketed text that `text` starts with, brackets within it counted; all of it if none closes.
fn bracketed(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The template as text, with `*` for a hole.
    fn show(shape: &Shape) -> String {
        let (kind, template) = match shape {
            Shape::Exact => return "exact".into(),
            Shape::Expression(template) => ("expression", template),
            Shape::Family(template) => ("family", template),
        };
        let text = |piece: &Piece| match piece {
            Piece::Literal(text) => text.clone(),
            Piece::Hole => "*".into(),
        };
        format!("{kind} {}", template.pieces.iter().map(text).collect::<String>())
    }

    fn shape(template: &str, expression: &str) -> String {
        show(&Shape::of(template, expression))
    }

    #[test]
    fn plain_paths_are_exact() {
        assert_eq!(shape("/a/<b>", "/a/<b>"), "exact");
        assert_eq!(shape("/a/<int(min=1):b>/<path:c>", "x"), "exact");
        assert_eq!(shape("/u/<regex(\"[^>)]+\"):f>", "'/%s/<regex(\"[^>)]+\"):f>' % path"), "exact");
        assert_eq!(shape("/<NAME>", "/<NAME>"), "exact");
    }

    #[test]
    fn expressions_keep_their_literals() {
        assert_eq!(shape("/v9/<ITEM_ROUTE>", "ITEM_ROUTE"), "expression /v9/*");
        assert_eq!(
            shape("/api/<ITEM + \"/tags/<tag>\">", "ITEM + \"/tags/<tag>\""),
            "expression /api/*/tags/<tag>"
        );
        assert_eq!(shape("<app.config[\"HOOK\"]>", "app.config[\"HOOK\"]"), "expression *");
        let format = "'/v1/<regex(\"{0}\"):ref>/x{{1}}'.format( PATTERN )";
        assert_eq!(shape(&format!("/api/<{format}>"), format), "expression /api/v1/<regex(\"*\"):ref>/x{1}");
        assert_eq!(
            shape("/<\"/%s/%%/%(a)s/%02d/z\" % x>", "\"/%s/%%/%(a)s/%02d/z\" % x"),
            "expression /*/%/*/*/z"
        );
        assert_eq!(shape("/<f\"/a/{b!r:>{w}}/c\">", "f\"/a/{b!r:>{w}}/c\""), "expression /a/*/c");
        assert_eq!(shape("/<a b>", "a b"), "expression /*");
    }

    #[test]
    fn other_bracketed_text_makes_a_family() {
        assert_eq!(shape("/sso/<dynamic-name>//back", "\"/%s/back\" % name()"), "family /sso/*/back");
        assert_eq!(shape("/sso/<a/<b>/x", "y"), "family /sso/*");
    }

    #[test]
    fn holes_on_both_sides_unify() {
        let rule = Template::of_rule;
        let Shape::Expression(labels) = Shape::of("/api/<R + \"/labels\">", "R + \"/labels\"") else {
            panic!()
        };
        assert!(labels.fits(&rule("/api/v1/x/<y>/labels")));
        assert!(labels.fits(&rule("/api/{}/labels")));
        assert!(labels.fits(&rule("{}")));
        assert!(!labels.fits(&rule("/api/v1/x/labels/<id>")));
        assert!(!labels.fits(&rule("/api//labels")));
        assert!(!labels.fits(&rule("/v1/x/labels")));
    }

    #[test]
    fn segments_bound_the_holes_of_a_family() {
        let Shape::Family(family) = Shape::of("/sso/<a-b>//back", "") else { panic!() };
        let fits = |rule: &str| family.fits_within_segments(&Template::of_rule(rule));
        assert!(fits("/sso/{}/back"));
        assert!(fits("/sso/github/back"));
        assert!(!fits("/sso/github/x/back"));
        assert!(!fits("/sso/{}/back/more"));
        assert!(!fits("/sso//back"));
    }
}
