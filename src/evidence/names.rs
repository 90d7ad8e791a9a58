//! The words that the evidence uses for the engine's enumerations. They are part of the format: changing one
//! takes a new schema number.

use crate::finding::{Automatic, Certainty, HopKind, Nearness, Operation, Severity};
use crate::tracker::MatchKind;

pub(super) fn automatic(value: Automatic) -> &'static str {
    match value {
        Automatic::Head => "head",
        Automatic::Options => "options",
        Automatic::InheritedOptions => "inherited-options",
        Automatic::Framework => "framework",
    }
}

pub(super) fn certainty(value: Certainty) -> &'static str {
    match value {
        Certainty::Exact => "exact",
        Certainty::May => "may",
        Certainty::Assumed => "assumed",
    }
}

pub(super) fn operation(value: Operation) -> &'static str {
    match value {
        Operation::Put => "put",
        Operation::BatchInsert => "batch_insert",
    }
}

pub(super) fn severity(value: Severity) -> &'static str {
    match value {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

pub(super) fn match_kind(value: MatchKind) -> &'static str {
    match value {
        MatchKind::Exact => "exact",
        MatchKind::Expression => "expression",
        MatchKind::Template => "template",
    }
}

pub(super) fn hop_kind(value: HopKind) -> &'static str {
    match value {
        HopKind::Route => "route",
        HopKind::Direct => "direct",
        HopKind::Method => "method",
        HopKind::Constructor => "constructor",
        HopKind::Decorator => "decorator",
        HopKind::Closure => "closure",
        HopKind::Callback => "callback",
        HopKind::GetAttr => "__getattr__",
        HopKind::DictOfClasses => "dict-of-classes",
        HopKind::ContextManager => "context-manager",
        HopKind::Yield => "yield",
        HopKind::Super => "super",
        HopKind::Hook => "hook",
        HopKind::Property => "property",
        HopKind::Name => "name",
        HopKind::Thread => "thread",
        HopKind::External => "external",
        HopKind::Producer => "producer",
    }
}

pub(super) fn nearness(value: Nearness) -> &'static str {
    match value {
        Nearness::Open => "open",
        Nearness::Used => "used",
        Nearness::Entered => "entered",
        Nearness::Named => "named",
        Nearness::Class => "class",
        Nearness::Module => "module",
        Nearness::Nothing => "nothing",
    }
}
