//! Programs by chance: valid Python, made of what the engine has rules for. The same seed gives the same program.
//!
//! A program is a list of top-level statements, so that one that shows a difference can be made smaller by leaving
//! statements out.

use fastrand::Rng;

/// A top-level statement, several lines as a rule.
pub type Statement = String;

/// A module `lib` and a program that imports it.
#[derive(Clone)]
pub struct Generated {
    pub lib: Vec<Statement>,
    pub main: Vec<Statement>,
}

impl Generated {
    /// The program of a seed.
    pub fn new(seed: u64) -> Generated {
        let mut writer = Writer {
            rng: Rng::with_seed(seed),
            functions: Vec::new(),
            classes: Vec::new(),
            names: Vec::new(),
        };
        let mut lib = vec!["import functools".to_owned()];
        lib.extend((0..writer.rng.usize(2..5)).map(|_| writer.definition()));
        let mut main = vec!["import functools".to_owned(), "import lib".to_owned()];
        let known = [writer.functions.as_slice(), &writer.classes].concat();
        main.extend(known.iter().map(|name| format!("from lib import {name}")));
        main.extend((0..writer.rng.usize(2..7)).map(|_| writer.definition()));
        writer.names = vec!["g0".to_owned()];
        for number in 0..writer.rng.usize(4..10) {
            let value = writer.expression(3);
            main.push(format!("g{number} = {value}"));
            writer.names.push(format!("g{number}"));
        }
        Generated { lib, main }
    }

    /// Its files.
    pub fn files(&self) -> crate::compare::Files {
        let text = |statements: &[Statement]| statements.join("\n") + "\n";
        vec![("lib.py".to_owned(), text(&self.lib)), ("main.py".to_owned(), text(&self.main))]
    }

    /// A program of fewer statements that still `fails`.
    pub fn shrink(mut self, fails: impl Fn(&Generated) -> bool) -> Generated {
        loop {
            let smaller = (0..self.lib.len() + self.main.len()).find_map(|index| {
                let mut smaller = self.clone();
                match index.checked_sub(self.lib.len()) {
                    Some(index) => drop(smaller.main.remove(index)),
                    None => drop(smaller.lib.remove(index)),
                }
                fails(&smaller).then_some(smaller)
            });
            match smaller {
                Some(smaller) => self = smaller,
                None => return self,
            }
        }
    }
}

/// What is known while a program is written.
struct Writer {
    rng: Rng,
    functions: Vec<String>,
    classes: Vec<String>,
    /// Variables in sight.
    names: Vec<String>,
}

const CONSTANTS: [&str; 7] = ["None", "True", "False", "0", "1", "\"a\"", "\"b\""];
const ATTRIBUTES: [&str; 4] = ["x", "y", "run", "step"];
const TESTS: [&str; 5] = ["{}", "{} is None", "{} == \"a\"", "not {}", "{} in (0, 1)"];

impl Writer {
    fn one_of<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.usize(..of.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    fn name(&mut self) -> String {
        match self.rng.choice(&self.names) {
            Some(name) => name.clone(),
            None => self.constant(),
        }
    }

    fn constant(&mut self) -> String {
        self.one_of(&CONSTANTS).to_owned()
    }

    fn function(&mut self) -> String {
        match self.rng.choice(&self.functions) {
            Some(name) => name.clone(),
            None => self.name(),
        }
    }

    fn class(&mut self) -> String {
        match self.rng.choice(&self.classes) {
            Some(name) => name.clone(),
            None => self.function(),
        }
    }

    fn attribute(&mut self) -> &'static str {
        self.one_of(&ATTRIBUTES)
    }

    fn arguments(&mut self, depth: u32) -> String {
        let mut args: Vec<String> = (0..self.rng.usize(..3)).map(|_| self.expression(depth)).collect();
        match self.rng.u32(..12) {
            0 => args.push(format!("*[{}]", self.expression(depth))),
            1 => args.push(format!("**{{\"p\": {}}}", self.expression(depth))),
            2 => args.push(format!("q={}", self.expression(depth))),
            _ => {}
        }
        args.join(", ")
    }

    fn expression(&mut self, depth: u32) -> String {
        let Some(less) = depth.checked_sub(1) else {
            return match self.rng.u32(..6) {
                0 | 1 => self.constant(),
                2 => self.function(),
                3 => self.class(),
                _ => self.name(),
            };
        };
        match self.rng.u32(..28) {
            23 => {
                let args = self.arguments(less);
                let comma = if args.is_empty() { "" } else { ", " };
                format!("functools.partial({}{comma}{args})", self.function())
            }
            24 => format!("{}.get({})", self.atom(less), self.constant()),
            25 => format!("{}.append({})", self.atom(less), self.expression(less)),
            26 => format!("f'x{{{}}}'", self.name()),
            0..=5 => format!("{}({})", self.function(), self.arguments(less)),
            6 | 7 => format!("{}({})", self.class(), self.arguments(less)),
            8..=10 => format!("{}.{}({})", self.atom(less), self.attribute(), self.arguments(less)),
            11 => format!("{}({})", self.atom(less), self.arguments(less)),
            12 | 13 => format!("{}.{}", self.atom(less), self.attribute()),
            14 => format!("[{}, {}]", self.expression(less), self.expression(less)),
            15 => format!("({}, {})", self.expression(less), self.expression(less)),
            16 => {
                let (a, b) = (self.expression(less), self.expression(less));
                format!("{{\"a\": {a}, {}: {b}}}", self.constant())
            }
            17 => {
                let key = if self.chance(70) { self.constant() } else { self.name() };
                format!("{}[{key}]", self.atom(less))
            }
            18 => {
                let (a, b) = (self.expression(less), self.expression(less));
                format!("({a} if {} else {b})", self.test())
            }
            19 => {
                self.names.push("v".to_owned());
                let body = self.expression(less);
                self.names.pop();
                format!("(lambda v=None: {body})")
            }
            20 => {
                let over = self.expression(less);
                self.names.push("e".to_owned());
                let body = self.expression(less);
                self.names.pop();
                format!("[{body} for e in {over}]")
            }
            21 => format!("({} or {})", self.expression(less), self.expression(less)),
            22 => format!("[*{}, {}]", self.expression(less), self.expression(less)),
            _ => self.expression(0),
        }
    }

    /// Something that an attribute or a subscript can follow.
    fn atom(&mut self, depth: u32) -> String {
        match self.rng.u32(..3) {
            0 => format!("({})", self.name()),
            1 => format!("{}()", self.class()),
            _ => format!("({})", self.expression(depth)),
        }
    }

    fn test(&mut self) -> String {
        let name = self.name();
        if self.chance(15) {
            return format!("isinstance({name}, {})", self.class());
        }
        self.one_of(&TESTS).replace("{}", &name)
    }

    /// The body of a function, each line with its indentation.
    fn body(&mut self, depth: u32, generator: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..self.rng.usize(1..4) {
            lines.extend(self.statement(depth));
        }
        let last = if generator { "yield " } else { "return " };
        lines.push(format!("{last}{}", self.expression(2)));
        lines.into_iter().map(|line| format!("    {line}")).collect()
    }

    fn statement(&mut self, depth: u32) -> Vec<String> {
        let local = self.one_of(&["a", "b", "c"]).to_owned();
        let value = self.expression(2);
        let lines = match self.rng.u32(..13) {
            0..=3 => vec![format!("{local} = {value}")],
            4 | 5 => {
                let test = self.test();
                vec![
                    format!("if {test}:"),
                    format!("    {local} = {value}"),
                    "else:".to_owned(),
                    format!("    {local} = {}", self.expression(1)),
                ]
            }
            6 => {
                vec![format!("if {}:", self.test()), format!("    return {value}"), format!("{local} = None")]
            }
            7 => {
                let over = self.expression(1);
                vec![format!("for {local} in {over}:"), format!("    {}", self.expression(2))]
            }
            8 => {
                let object = self.name();
                let target = if CONSTANTS.contains(&object.as_str()) { local.clone() } else { object };
                vec![format!("{local} = {value}"), format!("{target}.{} = {local}", self.attribute())]
            }
            9 => vec![
                format!("{local} = {value}"),
                format!("{local}[{}] = {}", self.constant(), self.expression(1)),
            ],
            10 => vec![
                "try:".to_owned(),
                format!("    {local} = {value}"),
                "except Exception as error:".to_owned(),
                format!("    {local} = error"),
            ],
            11 => vec![format!("with {value} as {local}:"), format!("    {}", self.expression(2))],
            _ if depth > 0 => {
                let inner = format!("inner{depth}");
                let mut lines = self.function_of(&inner, depth - 1);
                lines.push(format!("{local} = {inner}"));
                lines
            }
            _ => vec![format!("{local}, other = {value}")],
        };
        if !self.names.contains(&local) {
            self.names.push(local);
        }
        lines
    }

    /// A function and its body; names inside are not known outside.
    fn function_of(&mut self, name: &str, depth: u32) -> Vec<String> {
        let outer = self.names.clone();
        let (head, params) = match self.rng.u32(..8) {
            0 => ("p, *args", vec!["p", "args"]),
            1 => ("p=None, **kwargs", vec!["p", "kwargs"]),
            2 => ("", vec![]),
            3 => ("p, q=True", vec!["p", "q"]),
            4 => ("p, *, q=None", vec!["p", "q"]),
            5 => ("p, q", vec!["p", "q"]),
            _ => ("p", vec!["p"]),
        };
        self.names.extend(params.into_iter().map(str::to_owned));
        let generator = self.chance(10);
        let mut lines = vec![format!("def {name}({head}):")];
        if self.chance(10) && !outer.is_empty() && depth == 0 {
            // Only what is surely local around may be rebound.
            if outer.iter().any(|name| name == "p") && !head.contains('p') {
                lines.push("    nonlocal p".to_owned());
                lines.push(format!("    p = {}", self.expression(1)));
            }
        }
        lines.extend(self.body(depth, generator));
        self.names = outer;
        lines
    }

    /// A definition at the top level.
    fn definition(&mut self) -> Statement {
        self.names = Vec::new();
        let lines = match self.rng.u32(..10) {
            0..=3 => {
                let name = format!("f{}", self.functions.len());
                self.functions.push(name.clone());
                let mut lines = Vec::new();
                if self.chance(30) {
                    lines.push(format!("@{}", self.function()).replace(&format!("@{name}"), "@str"));
                }
                lines.extend(self.function_of(&name, 1));
                lines
            }
            4 => self.decorator(),
            5 => self.factory(),
            _ => self.class_statement(),
        };
        lines.join("\n")
    }

    /// A decorator, that calls what it decorates or not.
    fn decorator(&mut self) -> Vec<String> {
        let name = format!("f{}", self.functions.len());
        self.names = ["func", "args", "kwargs"].map(str::to_owned).to_vec();
        let body = self.expression(2);
        let wraps = if self.chance(50) { "    @functools.wraps(func)\n" } else { "" };
        let lines = vec![
            format!("def {name}(func):"),
            format!("{wraps}    def wrapper(*args, **kwargs):"),
            format!("        if {}:", self.test()),
            format!("            return {body}"),
            "        return func(*args, **kwargs)".to_owned(),
            "    wrapper.x = func".to_owned(),
            "    return wrapper".to_owned(),
        ];
        self.functions.push(name);
        lines
    }

    /// A function that makes a class.
    fn factory(&mut self) -> Vec<String> {
        let name = format!("f{}", self.functions.len());
        self.names = vec!["p".to_owned()];
        let value = self.expression(2);
        let base = if self.chance(50) { "p" } else { "object" };
        let mut lines = vec![
            format!("def {name}(p):"),
            format!("    class Made({base}):"),
            format!("        x = {value}"),
        ];
        self.names.push("self".to_owned());
        let method = self.attribute();
        lines.push(format!("        def {method}(self):"));
        lines.push(format!("            return {}", self.expression(2)));
        lines.push("    return Made".to_owned());
        self.functions.push(name);
        lines
    }

    fn class_statement(&mut self) -> Vec<String> {
        let name = format!("C{}", self.classes.len());
        let base =
            if self.classes.is_empty() || self.chance(40) { "object".to_owned() } else { self.class() };
        let mut lines = vec![format!("class {name}({base}):")];
        lines.push(format!("    x = {}", self.expression(1)));
        if self.chance(60) {
            lines.push("    def __init__(self, p=None, q=None):".to_owned());
            if self.chance(50) {
                lines.push("        super().__init__()".to_owned());
            }
            self.names = ["self", "p", "q"].map(str::to_owned).to_vec();
            lines.push(format!("        self.y = {}", self.expression(1)));
        }
        let methods =
            ["run", "step", "__call__", "__getattr__", "__iter__", "__next__", "__enter__", "__getitem__"];
        for _ in 0..self.rng.usize(1..4) {
            let method = self.one_of(&methods);
            let params = match method {
                "run" | "step" => "self, p=None",
                "__call__" => "self, *args",
                "__getattr__" | "__getitem__" => "self, p",
                _ => "self",
            };
            self.names =
                params.split(", ").map(|param| param.trim_start_matches('*').replace("=None", "")).collect();
            if method == "run" || method == "step" {
                let decorator = self.one_of(&["", "", "", "property", "staticmethod", "classmethod"]);
                lines.extend((!decorator.is_empty()).then(|| format!("    @{decorator}")));
            }
            lines.push(format!("    def {method}({params}):"));
            if self.chance(30) {
                let inherited = if method.starts_with("__") { self.attribute() } else { method };
                lines.push(format!("        a = super().{inherited}()"));
                self.names.push("a".to_owned());
            }
            let body = self.body(0, method == "__iter__");
            lines.extend(body.into_iter().map(|line| format!("    {line}")));
        }
        self.classes.push(name);
        lines
    }
}
