//! Every limit of the solver is counted when it is hit, and not when it is not.

use producer_map::link::{LoweredFile, Program};
use producer_map::lower::lower;
use producer_map::models::Models;
use producer_map::paths::{self, CallGraph};
use producer_map::routes;
use producer_map::solve::{Knowledge, Limits, ParameterRef, QueueClass, Solver};

/// The limits that running a program of one file and reading off its routes hits.
fn hit(source: &str, change: impl Fn(&mut Limits)) -> Vec<String> {
    let file = LoweredFile { path: "main.py".to_owned(), ir: lower(source) };
    let mut program = Program::link(vec![file]);
    let models = Models::shipped().expect("models");
    let entry = program.module_of_path("main.py").expect("a module");
    let queue = QueueClass {
        path: "main.Queue".to_owned(),
        put: vec!["put".to_owned()],
        batch: Vec::new(),
        consume: Vec::new(),
        body: None,
        name: ParameterRef::Position(0),
        namespace: None,
    };
    let knowledge = Knowledge { queue_classes: vec![queue], ..Knowledge::default() };
    let mut solver = Solver::new(&mut program, &models, &knowledge);
    change(&mut solver.limits);
    solver.run_module(entry, false);
    solver.solve();
    solver.connect_error_handlers();
    let graph = CallGraph::new(&solver);
    let (routes, roots) = routes::extract(&mut solver, &graph, &[entry]);
    paths::edges(&solver, &graph, &routes, &roots);
    solver.caps_hit().into_iter().map(|(name, _)| name).collect()
}

/// Asserts that a program hits one limit after `change`, and none before.
#[track_caller]
fn counts(name: &str, source: &str, change: impl Fn(&mut Limits)) {
    assert_eq!(hit(source, |_| ()), Vec::<String>::new(), "with the limits as they are");
    let after = hit(source, change);
    assert!(after.iter().any(|cap| cap == name), "{name} is not in {after:?}");
}

const WRAPPED: &str = "def a(f):\n    def inner():\n        return f()\n    return inner\n\n\
                       def b(f):\n    def inner():\n        return f()\n    return inner\n\n\
                       def c(f):\n    def inner():\n        return f()\n    return inner\n\n\
                       def work():\n    pass\n\nc(b(a(c(b(a(work))))))()\n";

const ROUTES: &str = "from flask import Flask\n\napp = Flask(__name__)\n\n\
                      def view():\n    return ''\n\n\
                      def register():\n    app.add_url_rule('/a', 'a', view)\n\nregister()\n";

#[test]
fn contexts_of_one_function() {
    let source = "def call(f):\n    return f()\n\ncall(lambda: 1)\ncall(lambda: 2)\ncall(lambda: 3)\n";
    counts("contexts-per-function", source, |limits| limits.contexts = 2);
}

#[test]
fn depth_of_contexts() {
    counts("context-depth", WRAPPED, |limits| limits.depth = 3);
}

#[test]
fn repetition_in_contexts() {
    counts("context-recursion", WRAPPED, |limits| limits.recursion = 1);
}

#[test]
fn the_search_for_repetition() {
    counts("context-walk", WRAPPED, |limits| limits.context_walk = 1);
}

#[test]
fn combinations_of_strings() {
    let source = "import os\n\nname = 'a' if os.name else 'b'\npath = '/' + name\n";
    counts("folded-strings", source, |limits| limits.strings = 1);
    let format = "import os\n\nname = 'a' if os.name else 'b'\npath = '/%s' % name\n";
    counts("folded-strings", format, |limits| limits.strings = 1);
    let several = "import os\n\nname = 'a' if os.name else 'b'\npath = f'/{name}/{name}'\n";
    counts("folded-strings", several, |limits| limits.strings = 3);
}

#[test]
fn operations_and_length_of_strings() {
    let source = "one = '/a'\ntwo = one + '/b'\nthree = two + '/c'\n";
    counts("folded-strings", source, |limits| limits.string_depth = 1);
    counts("folded-strings", source, |limits| limits.string_length = 5);
}

#[test]
fn arguments_that_move_on() {
    let source = "def f(*rest):\n    return f(1, *list(rest))\n\nf(2)\n\n\
                  def g(a, *rest):\n    return rest\n\nxs = [1, 2, 3]\ng(*xs)\n";
    counts("shifted-elements", source, |limits| limits.elements = 0);
}

#[test]
fn parameters_that_are_tested() {
    let source = "def f(a, b):\n    if a and b:\n        return 1\n    return 2\n\nf(True, False)\n";
    counts("tested-parameters", source, |limits| limits.tested = 1);
}

#[test]
fn parameters_that_are_only_passed_on_give_way_first() {
    let source = "def f(a, b):\n    if a:\n        return g(b)\n    return 2\n\n\
                  def g(b):\n    if b:\n        return 1\n    return 3\n\nf(True, False)\n";
    counts("tested-parameters", source, |limits| limits.tested = 1);
}

#[test]
fn copies_before_a_condition() {
    let source = "def f(a):\n    b = a\n    if b:\n        return 1\n    return 2\n\nf(True)\n";
    counts("definite-walk", source, |limits| limits.definite_walk = 1);
}

#[test]
fn calls_above_a_registration() {
    counts("startup-walk", ROUTES, |limits| limits.startup_walk = 0);
}

#[test]
fn places_of_the_search_for_a_certain_path() {
    let source = "from flask import Flask, request\n\napp = Flask(__name__)\n\n\
                  class Queue:\n    def __init__(self, name):\n        pass\n\n    def put(self, x):\n        pass\n\n\
                  queue = Queue('q')\n\n\
                  class A:\n    def act(self):\n        queue.put(1)\n\n\
                  class B:\n    def act(self):\n        pass\n\n\
                  def ask(x):\n    x.act()\n\n\
                  @app.route('/a')\ndef view():\n    ask(A() if request.args else B())\n    return ''\n";
    counts("certain-walk", source, |limits| limits.certain_walk = 0);
}

#[test]
fn sets_of_conditions_of_the_search_for_the_fewest() {
    let source = "from flask import Flask\n\napp = Flask(__name__)\n\n\
                  class Queue:\n    def __init__(self, name):\n        pass\n\n    def put(self, x):\n        pass\n\n\
                  queue = Queue('q')\n\n\
                  def send():\n    queue.put(1)\n\n\
                  @app.route('/a')\ndef view():\n\
                  \x20   if app.config.get('A'):\n        send()\n\
                  \x20   if app.config.get('B'):\n        send()\n    return ''\n";
    counts("condition-sets", source, |limits| limits.condition_sets = 0);
}
