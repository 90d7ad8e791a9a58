//! What the solver is told of a project, and how finely it is to read.

/// Which knowledge about the project the solver is given: names of its queue class and feature modules.
#[derive(Debug, Clone, Default)]
pub struct Knowledge {
    /// Queue classes.
    pub queue_classes: Vec<QueueClass>,
    /// Modules whose attributes are feature flags.
    pub feature_modules: Vec<String>,
}

/// A class whose instances are work queues.
#[derive(Debug, Clone)]
pub struct QueueClass {
    /// Dotted path, e.g. `data.queue.WorkQueue`.
    pub path: String,
    /// Methods that put one item.
    pub put: Vec<String>,
    /// Methods that return a context manager whose value puts items.
    pub batch: Vec<String>,
    /// Methods that take items.
    pub consume: Vec<String>,
    /// The parameter of a put that holds the body.
    pub body: Option<ParameterRef>,
    /// The constructor's parameter that holds the name.
    pub name: ParameterRef,
    /// The constructor's parameter that tells whether items carry a namespace.
    pub namespace: Option<ParameterRef>,
}

/// A parameter of a method, the receiver not counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterRef {
    /// By position from 0.
    Position(u32),
    /// By name; its position follows from the definition.
    Name(String),
}

/// How fine the program is read. The default is what scans use.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// How many results of unknown functions are kept apart in the name of an external object: with 1, `Cls().run` is
    /// something of its own, with 0 it is just something of its library.
    pub results: usize,
    /// A coarser reading, for comparison with tools that read so: a parameter's default counts also where an argument is
    /// passed; a call with too many or too few arguments enters the function all the same; what is passed to a
    /// library function is called by it, and what that returns is in what the function returns.
    pub coarse: bool,
}
