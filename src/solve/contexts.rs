//! The rules by which functions are cloned, each of which can be switched off.
//!
//! Scans have all of them. Tests switch off one at a time, to show that it is this rule that keeps two things apart and
//! not something around it: without a rule the solver merges, which adds calls and takes none away.

/// What keeps two calls of one function, or two things made at one place, apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Functions, bound methods and classes that are passed: each gives a function that takes it a context of its own.
    Callables,
    /// The class of a receiver, and of an instance that is passed.
    Receivers,
    /// Code and queues that the constructor of an instance was given.
    Constructors,
    /// The call site, for functions whose variables nested functions capture.
    CallSites,
    /// Constants in parameters that the function tests, or uses as a name or key.
    Constants,
    /// The attribute name that `__getattr__` is called with.
    AttributeNames,
    /// The call of the enclosing function that a function or class was made in.
    Environments,
    /// The constants and settings that the constructor of a queue was given.
    Queues,
    /// What is passed to `*args` and `**kwargs` of a function that passes these on.
    Forwarding,
}

impl Rule {
    /// All rules.
    pub const ALL: [Rule; 9] = [
        Rule::Callables,
        Rule::Receivers,
        Rule::Constructors,
        Rule::CallSites,
        Rule::Constants,
        Rule::AttributeNames,
        Rule::Environments,
        Rule::Queues,
        Rule::Forwarding,
    ];

    /// Its name in fixtures.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Callables => "callables",
            Rule::Receivers => "receivers",
            Rule::Constructors => "constructors",
            Rule::CallSites => "call-sites",
            Rule::Constants => "constants",
            Rule::AttributeNames => "attribute-names",
            Rule::Environments => "environments",
            Rule::Queues => "queues",
            Rule::Forwarding => "forwarding",
        }
    }
}

/// A set of rules; all of them by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contexts(u16);

impl Default for Contexts {
    fn default() -> Contexts {
        Contexts(u16::MAX)
    }
}

impl Contexts {
    /// The set without a rule.
    #[must_use]
    pub fn without(self, rule: Rule) -> Contexts {
        Contexts(self.0 & !(1 << rule as u16))
    }

    /// Whether a rule is in the set.
    pub(super) fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u16) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_switched_off_by_itself() {
        for rule in Rule::ALL {
            let contexts = Contexts::default().without(rule);
            assert!(!contexts.has(rule));
            assert!(Rule::ALL.into_iter().all(|other| other == rule || contexts.has(other)));
        }
    }
}
