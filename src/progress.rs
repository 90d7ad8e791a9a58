//! How far a long operation is: the engine reports, whoever started it decides whether anyone sees it.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Receives the progress of a scan, from any thread.
pub trait Progress: Sync {
    /// A stage of `total` steps begins, and with it the one before ends; 0 steps when their number is not known.
    fn stage(&self, name: &str, total: usize);
    /// One step of the stage is done.
    fn tick(&self);
    /// Nothing more comes.
    fn finish(&self);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _total: usize) {}
    fn tick(&self) {}
    fn finish(&self) {}
}

/// A bar on standard error.
#[derive(Debug, Default)]
pub struct Bar {
    current: Mutex<Option<ProgressBar>>,
}

impl Bar {
    fn swap(&self, next: Option<ProgressBar>) {
        // A poisoned lock means that a worker has panicked, and then nobody looks at the bar any more.
        if let Ok(mut current) = self.current.lock()
            && let Some(before) = std::mem::replace(&mut *current, next)
        {
            before.finish_and_clear();
        }
    }
}

impl Progress for Bar {
    fn stage(&self, name: &str, total: usize) {
        let known = total > 0;
        let bar = if known { ProgressBar::new(total as u64) } else { ProgressBar::new_spinner() };
        bar.set_draw_target(ProgressDrawTarget::stderr());
        let template = if known { "{msg:>10} [{bar:40}] {pos}/{len}" } else { "{msg:>10} {spinner} {pos}" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.swap(Some(bar));
    }

    fn tick(&self) {
        if let Ok(current) = self.current.lock()
            && let Some(bar) = current.as_ref()
        {
            bar.inc(1);
        }
    }

    fn finish(&self) {
        self.swap(None);
    }
}

/// A bar when somebody watches: standard error is a terminal, `CI` is not set, and `quiet` is not asked for.
pub fn for_terminal(quiet: bool) -> Box<dyn Progress> {
    let terminal = std::io::stderr().is_terminal();
    if is_watched(quiet, std::env::var_os("CI").as_deref(), terminal) {
        Box::new(Bar::default())
    } else {
        Box::new(Silent)
    }
}

/// Whether somebody watches, by the option, the variable `CI` and what standard error is.
fn is_watched(quiet: bool, ci: Option<&OsStr>, terminal: bool) -> bool {
    let in_ci = ci.is_some_and(|value| !value.is_empty() && value != "false");
    terminal && !quiet && !in_ci
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_shown_on_a_terminal_outside_of_ci() {
        let watched = |quiet, ci: Option<&str>, terminal| is_watched(quiet, ci.map(OsStr::new), terminal);
        assert!(watched(false, None, true));
        assert!(watched(false, Some(""), true) && watched(false, Some("false"), true));
        assert!(!watched(false, None, false), "not a terminal");
        assert!(!watched(true, None, true), "quiet");
        assert!(!watched(false, Some("true"), true) && !watched(false, Some("1"), true), "in CI");
    }

    #[test]
    fn stages_follow_each_other_and_end() {
        let bar = Bar::default();
        bar.tick();
        bar.stage("parse", 2);
        bar.tick();
        bar.stage("solve", 0);
        assert!(bar.current.lock().is_ok_and(|current| current.is_some()));
        bar.finish();
        assert!(bar.current.lock().is_ok_and(|current| current.is_none()));
    }
}
