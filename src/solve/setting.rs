//! Parts of settings: what is read from a mapping or list that an operator configures.
//!
//! A part under a constant key has a name of its own, `config.A.engine`, so that two parts of one setting are never taken for
//! each other. Any other part is some part of the setting, `config.A[...]`: what is said of one holds of no other, so no
//! condition on it is a gate. What the program stores in a setting is kept with the whole setting, whichever part it is stored in.

use super::Solver;
use super::gate::{self, SOME_PART};
use super::graph::NodeId;
use super::value::{Value, ValueId, well_known};
use crate::link::Name;

/// Parts of parts are named so deep.
const MAX_DEPTH: u32 = 3;
/// The depth of some part.
const SOME: u32 = u32::MAX;

/// What a part is part of.
#[derive(Clone, Copy)]
pub(super) struct Part {
    whole: ValueId,
    depth: u32,
}

impl Solver<'_> {
    /// The setting that is read from an object under a key, if what an operator configures is read.
    fn setting_under(&mut self, object: ValueId, key: Name) -> Option<ValueId> {
        if matches!(self.values.get(object), Value::Setting(_)) {
            return Some(self.part_of_setting(object, Some(key)));
        }
        self.is_config_object(object).then(|| self.configured(key))
    }

    /// The setting under a key of the configuration of the application.
    pub(super) fn configured(&mut self, key: Name) -> ValueId {
        if let Some(&known) = self.configured.get(&key) {
            return known;
        }
        let text = format!("config.{}", self.text(key));
        let name = self.program.names.intern(&text);
        let setting = self.values.intern_self_keyed(Value::Setting(name));
        self.configured.insert(key, setting);
        setting
    }

    /// Notes what stands for a setting where nothing is configured: its value as the program reads it is either.
    pub(super) fn note_default(&mut self, object: ValueId, key: Name, default: NodeId) {
        if let Some(setting) = self.setting_under(object, key) {
            self.note_default_of(setting, default);
        }
    }

    /// The same for a setting.
    pub(super) fn note_default_of(&mut self, setting: ValueId, default: NodeId) {
        let known = self.defaults_of_settings.entry(setting).or_default();
        if !known.contains(&default) {
            known.push(default);
        }
    }

    /// Whether a value may be what stands for a setting where nothing is configured. What a part of a setting is by default is not
    /// told apart from other constants.
    pub(super) fn is_default(&self, setting: ValueId, value: ValueId) -> bool {
        if self.setting_parts.contains_key(&setting) {
            return matches!(
                self.values.get(value),
                Value::None | Value::Bool(_) | Value::Int(_) | Value::Str(_) | Value::Opaque | Value::Obj(..)
            );
        }
        // Every test has it as its result, beside the condition that it stands for.
        if value == well_known::OPAQUE {
            return true;
        }
        let defaults = self.defaults_of_settings.get(&setting).into_iter().flatten();
        defaults.into_iter().any(|&default| self.graph.values(default).contains(&value))
    }

    /// The setting that a value is or is a part of; other values are themselves.
    pub fn whole_setting(&self, value: ValueId) -> ValueId {
        self.setting_parts.get(&value).map_or(value, |part| part.whole)
    }

    /// The part of a setting under a key; none for a key that is not constant.
    pub(super) fn part_of_setting(&mut self, setting: ValueId, key: Option<Name>) -> ValueId {
        if let Some(&part) = self.parts_by_key.get(&(setting, key)) {
            return part;
        }
        let part = self.new_part(setting, key);
        self.parts_by_key.insert((setting, key), part);
        part
    }

    fn new_part(&mut self, setting: ValueId, key: Option<Name>) -> ValueId {
        let Value::Setting(name) = self.values.get(setting) else { return setting };
        let text = self.text(name);
        let Part { whole, depth } =
            self.setting_parts.get(&setting).copied().unwrap_or(Part { whole: setting, depth: 0 });
        if depth == SOME || gate::is_condition(text) {
            return setting;
        }
        let key = key.map(|key| self.text(key)).filter(|key| depth < MAX_DEPTH && is_word(key));
        let (text, depth) = match key {
            Some(key) => (format!("{text}.{key}"), depth + 1),
            None => (format!("{text}{SOME_PART}"), SOME),
        };
        let name = self.program.names.intern(&text);
        let part = self.values.intern_self_keyed(Value::Setting(name));
        self.setting_parts.entry(part).or_insert(Part { whole, depth });
        part
    }
}

/// Whether a key can stand in a gate as it is.
fn is_word(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}
