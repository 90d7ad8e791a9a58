//! `match`: what a pattern binds and what it says about its subject.

use ruff_python_ast::{Pattern, Singleton};
use ruff_text_size::Ranged;

use super::{Lowerer, MAX_EXPR_DEPTH};
use crate::ir::{Cond, Const, Narrowing, Op, VarId};

impl<'a> Lowerer<'a> {
    /// Binds what a pattern captures; the condition under which it matches.
    pub(super) fn pattern(&mut self, pattern: &'a Pattern, subject: VarId) -> Cond {
        if self.depth >= MAX_EXPR_DEPTH {
            self.too_deep(pattern.start());
            return Cond::Opaque;
        }
        self.depth += 1;
        let cond = self.pattern_inner(pattern, subject);
        self.depth -= 1;
        cond
    }

    fn pattern_inner(&mut self, pattern: &'a Pattern, subject: VarId) -> Cond {
        match pattern {
            Pattern::MatchValue(p) => match self.constant(&p.value) {
                Some(constant) => Cond::Equals(subject, constant),
                None => Cond::Same(subject, self.expr(&p.value)),
            },
            Pattern::MatchSingleton(p) => match p.value {
                Singleton::None => Cond::IsNone(subject),
                Singleton::True => Cond::Equals(subject, Const::Bool(true)),
                Singleton::False => Cond::Equals(subject, Const::Bool(false)),
            },
            Pattern::MatchSequence(p) => {
                let star = p.patterns.iter().position(|part| matches!(part, Pattern::MatchStar(_)));
                let count = p.patterns.len();
                for (i, part) in p.patterns.iter().enumerate() {
                    let pos = self.pos(part.start());
                    let dst = self.f.fresh(None);
                    let from_end = star.is_some_and(|star| i > star);
                    self.f.emit(
                        Op::Unpack {
                            dst,
                            src: subject,
                            index: if from_end { count - 1 - i } else { i } as u32,
                            from_end,
                            rest: star == Some(i),
                        },
                        pos,
                    );
                    self.pattern(part, dst);
                }
                Cond::Opaque
            }
            Pattern::MatchMapping(p) => {
                for (key, part) in p.keys.iter().zip(&p.patterns) {
                    let key = self.expr(key);
                    let pos = self.pos(part.start());
                    let dst = self.f.fresh(None);
                    self.f.emit(Op::LoadSub { dst, obj: subject, key }, pos);
                    self.pattern(part, dst);
                }
                if let Some(rest) = &p.rest {
                    // A new dict with what no key took.
                    let name = self.sym(rest.as_str());
                    self.bind(name, subject, rest.start());
                }
                Cond::Opaque
            }
            Pattern::MatchClass(p) => {
                let class = self.expr(&p.cls);
                let object = self.f.fresh(None);
                let pos = self.pos(p.cls.start());
                let by = Narrowing::IsInstance(class);
                self.f.emit(Op::Narrow { dst: object, src: subject, by }, pos);
                for (index, part) in (0..).zip(&p.arguments.patterns) {
                    let pos = self.pos(part.start());
                    let dst = self.f.fresh(None);
                    self.f.emit(Op::Matched { dst, src: object, index }, pos);
                    self.pattern(part, dst);
                }
                for keyword in &p.arguments.keywords {
                    let pos = self.pos(keyword.attr.start());
                    let name = self.sym(keyword.attr.as_str());
                    let dst = self.f.fresh(None);
                    self.f.emit(Op::LoadAttr { dst, obj: object, name }, pos);
                    self.pattern(&keyword.pattern, dst);
                }
                let is_instance = Cond::IsInstance(subject, class);
                if p.arguments.patterns.is_empty() && p.arguments.keywords.is_empty() {
                    is_instance
                } else {
                    Cond::And(vec![is_instance, Cond::Opaque])
                }
            }
            Pattern::MatchStar(p) => {
                if let Some(name) = &p.name {
                    let sym = self.sym(name.as_str());
                    self.bind(sym, subject, name.start());
                }
                Cond::And(Vec::new())
            }
            Pattern::MatchAs(p) => {
                let cond = match &p.pattern {
                    Some(pattern) => self.pattern(pattern, subject),
                    None => Cond::And(Vec::new()),
                };
                if let Some(name) = &p.name {
                    let sym = self.sym(name.as_str());
                    self.bind(sym, subject, name.start());
                }
                cond
            }
            Pattern::MatchOr(p) => {
                let since = self.f.bindings();
                let conds: Vec<Cond> = p.patterns.iter().map(|part| self.pattern(part, subject)).collect();
                // Whichever alternative matched has bound the names.
                let until = self.f.bindings();
                self.join_log(since..until, pattern.start());
                if conds.iter().any(|cond| matches!(cond, Cond::Opaque)) {
                    Cond::Opaque
                } else {
                    Cond::Or(conds)
                }
            }
        }
    }
}
