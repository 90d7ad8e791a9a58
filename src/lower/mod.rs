//! Lowering: one Python file to its [`FileIr`].
//!
//! [`lower`] parses, builds the symbol table ([`scope`]), and walks the tree once, emitting instructions in SSA
//! form ([`builder`]). It never fails: what the parser rejects is listed in [`FileIr::errors`] and the rest of
//! the file is lowered. It never overflows the stack either: files that nest absurdly deep are refused, and
//! long chains (`a + b + ...`, `a.b().c()...`) are followed in loops.

mod builder;
mod call;
mod check;
mod comprehension;
mod cond;
mod dump;
mod expr;
mod flow;
mod func;
mod known;
mod names;
mod pattern;
mod rows;
mod scope;
mod stmt;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use check::check;
pub use dump::dump;

use ruff_python_ast::{
    Expr, FStringPart, FStringValue, InterpolatedStringElement, Mod, Stmt, StmtIf, TStringValue, UnaryOp,
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{TextRange, TextSize};

use self::builder::{Builder, Exit};
use self::scope::{Slot, Table};
use self::text::{Interner, Lines};
use crate::ir::{ClassIr, FileIr, FuncIr, Pos, Sym, SyntaxError};

/// How deep expressions nest at most.
const MAX_EXPR_DEPTH: u32 = 150;
/// How deep statements nest at most.
const MAX_STMT_DEPTH: u32 = 100;
/// Chains of left operands longer than this are not dropped with the tree, which would recurse along them.
const MAX_DROP_CHAIN: u32 = 2000;
/// What a place that nests too deep is reported as.
const TOO_DEEP: &str = "nesting too deep";

/// Lowers one file.
pub fn lower(source: &str) -> FileIr {
    let mut lines = Lines::new(source);
    if source.len() > i32::MAX as usize {
        return refused(Pos { line: 1, col: 1 }, "file too large");
    }
    if let Some(offset) = text::too_deep(source) {
        return refused(lines.pos(TextSize::from(offset)), TOO_DEEP);
    }
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let mut errors: Vec<SyntaxError> = parsed
        .errors()
        .iter()
        .map(|error| SyntaxError { pos: lines.pos(error.location.start()), message: error.error.to_string() })
        .collect();
    let module = parsed.into_syntax();
    let Mod::Module(module) = module else {
        return refused(Pos { line: 1, col: 1 }, "not a module");
    };
    let mut names = Interner::default();
    let table = walk::build(&module.body, &mut names);
    if let Some(at) = table.deep {
        errors.push(SyntaxError { pos: lines.pos(at), message: TOO_DEEP.to_owned() });
    }
    let undroppable = table.deep.is_some() || table.longest_chain > MAX_DROP_CHAIN;
    let mut file = lower_module(source, &module.body, names, table, lines, errors);
    file.errors.sort_by_key(|error| error.pos);
    if undroppable {
        // Dropping the tree recurses as deep as it nests; the tree is leaked rather than the stack risked.
        std::mem::forget(module);
    }
    file
}

fn refused(pos: Pos, message: &str) -> FileIr {
    let mut file = lower("");
    file.errors.push(SyntaxError { pos, message: message.to_owned() });
    file
}

fn lower_module<'a>(
    source: &str,
    body: &'a [Stmt],
    mut names: Interner,
    table: Table,
    lines: Lines<'a>,
    errors: Vec<SyntaxError>,
) -> FileIr {
    let module = names.intern("<module>");
    let update = names.intern("update");
    let mut f = Builder::new(
        crate::ir::LocalFunc(0),
        crate::ir::ScopeKind::Module,
        0,
        table.scopes[0].slots.len(),
        module,
    );
    f.update = update;
    let mut lowerer = Lowerer {
        slot_names: vec![slot_names(&table.scopes[0].slots)],
        names,
        table,
        lines,
        errors,
        funcs: vec![None],
        classes: Vec::new(),
        stack: Vec::new(),
        bodies: vec![body],
        spare: Vec::new(),
        f,
        class: None,
        depth: 0,
        stmt_depth: 0,
    };
    let start = Pos { line: 1, col: 1 };
    lowerer.make_cells(start);
    lowerer.block(body);
    let end_line = lowerer.lines.line_before(TextSize::from(source.len() as u32));
    lowerer.finish(end_line, start)
}

fn slot_names(slots: &[Slot]) -> Vec<Sym> {
    slots.iter().map(|slot| slot.name).collect()
}

/// The walk over the tree.
struct Lowerer<'a> {
    names: Interner,
    table: Table,
    lines: Lines<'a>,
    errors: Vec<SyntaxError>,
    funcs: Vec<Option<FuncIr>>,
    classes: Vec<Option<ClassIr>>,
    /// The scopes around the current one.
    stack: Vec<Builder>,
    /// The statements of the module, and of the functions around the current place.
    bodies: Vec<&'a [Stmt]>,
    /// Those of finished scopes, for the next ones.
    spare: Vec<Builder>,
    /// The names of the slots of the scopes in `stack`, and of the current one last.
    slot_names: Vec<Vec<Sym>>,
    /// The current scope.
    f: Builder,
    /// The innermost class statement, for private names.
    class: Option<&'a str>,
    depth: u32,
    stmt_depth: u32,
}

impl Lowerer<'_> {
    fn pos(&mut self, at: TextSize) -> Pos {
        self.lines.pos(at)
    }

    fn sym(&mut self, text: &str) -> Sym {
        self.names.name(text, self.class)
    }

    /// The innermost scope of names.
    fn scope(&self) -> u32 {
        self.f.scopes.last().copied().unwrap_or(0)
    }

    /// The innermost scope of names that is not a comprehension.
    fn host(&self) -> u32 {
        self.f.scopes.first().copied().unwrap_or(0)
    }

    fn slots(&self) -> &[Slot] {
        &self.table.scopes[self.host() as usize].slots
    }

    fn slot_names(&self) -> &[Sym] {
        self.slot_names.last().map_or(&[], Vec::as_slice)
    }

    fn too_deep(&mut self, at: TextSize) {
        if !self.errors.iter().any(|error| error.message == TOO_DEEP) {
            let pos = self.pos(at);
            self.errors.push(SyntaxError { pos, message: TOO_DEEP.to_owned() });
        }
    }

    fn join_exits(&mut self, exits: &[Exit], cover: bool, at: TextSize) {
        let pos = self.pos(at);
        let names = self.slot_names.last().map_or(&[][..], Vec::as_slice);
        self.f.join(exits, names, cover, pos);
    }

    fn open_loop(&mut self, range: TextRange, pos: Pos) {
        let names = self.slot_names.last().map_or(&[][..], Vec::as_slice);
        self.f.enter_loop(self.table.assigned_in(range), names, pos);
    }

    fn join_log(&mut self, section: std::ops::Range<usize>, at: TextSize) {
        let pos = self.pos(at);
        let names = self.slot_names.last().map_or(&[][..], Vec::as_slice);
        self.f.join_log(section, names, pos);
    }
}

/// One arm of an `if` statement; the last has no test if it is `else`.
struct Branch<'a> {
    test: Option<&'a Expr>,
    body: &'a [Stmt],
}

/// The arms of an `if` statement. Arms that only a type checker sees are left out; what follows an arm that
/// everybody sees is left out too.
fn branches(s: &StmtIf) -> Vec<Branch<'_>> {
    let arms = std::iter::once((Some(s.test.as_ref()), s.body.as_slice()))
        .chain(s.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), clause.body.as_slice())));
    let mut branches = Vec::with_capacity(1 + s.elif_else_clauses.len());
    for (test, body) in arms {
        match test {
            Some(test) if is_type_checking(test) => {}
            Some(Expr::UnaryOp(not)) if not.op == UnaryOp::Not && is_type_checking(&not.operand) => {
                branches.push(Branch { test: None, body });
                break;
            }
            test => branches.push(Branch { test, body }),
        }
    }
    branches
}

fn is_type_checking(test: &Expr) -> bool {
    match test {
        Expr::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "TYPE_CHECKING" && attribute.value.is_name_expr()
        }
        _ => false,
    }
}

/// A piece of an f-string.
enum FStringPiece<'a> {
    Text(&'a str),
    Element(&'a InterpolatedStringElement),
}

fn fstring_pieces(value: &FStringValue) -> Vec<FStringPiece<'_>> {
    let mut pieces = Vec::new();
    for part in value {
        match part {
            FStringPart::Literal(literal) => pieces.push(FStringPiece::Text(literal.as_str())),
            FStringPart::FString(fstring) => {
                pieces.extend(fstring.elements.iter().map(FStringPiece::Element));
            }
        }
    }
    pieces
}

fn tstring_pieces(value: &TStringValue) -> Vec<FStringPiece<'_>> {
    value.elements().map(FStringPiece::Element).collect()
}

fn fstring_elements(value: &FStringValue) -> impl Iterator<Item = &InterpolatedStringElement> {
    value.elements()
}
