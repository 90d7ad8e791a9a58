//! Layouts made ahead. Solving has one thread; one that has nothing else to do meanwhile makes the layouts of the functions,
//! which depend on the text alone. What it has not come to yet is made when it is asked for.

use super::layout::Layout;
use super::operator::Live;
use crate::link::{File, FuncId, Program};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The layout of a function before it is asked for.
enum Slot {
    /// Nobody has made it.
    Open,
    /// It is there.
    Made(Box<Layout>),
    /// Whoever asked for it has it.
    Taken,
}

/// The layouts of a program, by function.
pub(super) struct Ahead {
    files: Arc<[File]>,
    live: Live,
    slots: Vec<Mutex<Slot>>,
}

impl Ahead {
    /// Starts to make the layouts, if there is a thread for it.
    pub fn start(program: &Program, live: Live) -> Arc<Ahead> {
        let slots = (0..program.func_count()).map(|_| Mutex::new(Slot::Open)).collect();
        let ahead = Arc::new(Ahead { files: Arc::clone(&program.files), live, slots });
        if rayon::current_num_threads() > 1 {
            let all = Arc::clone(&ahead);
            rayon::spawn(move || all.make());
        }
        ahead
    }

    /// Makes those that nobody has asked for yet.
    fn make(&self) {
        for file in self.files.iter() {
            for (func, ir) in (file.first_func..).map(FuncId).zip(&file.ir.funcs) {
                if !matches!(*self.slot(func), Slot::Open) {
                    continue;
                }
                // The slot is free meanwhile: nobody waits for a layout.
                let layout = Box::new(Layout::new(ir, file, self.live));
                let mut slot = self.slot(func);
                if matches!(*slot, Slot::Open) {
                    *slot = Slot::Made(layout);
                }
            }
        }
    }

    /// The layout of a function of the program. It is asked for once.
    pub fn take(&self, program: &Program, func: FuncId) -> Layout {
        let slot = std::mem::replace(&mut *self.slot(func), Slot::Taken);
        match slot {
            Slot::Made(layout) => *layout,
            Slot::Open | Slot::Taken => Layout::new(program.func(func), program.file_of(func), self.live),
        }
    }

    fn slot(&self, func: FuncId) -> MutexGuard<'_, Slot> {
        self.slots[func.0 as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
