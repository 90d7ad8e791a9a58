//! Which Python modules a command runs.
//!
//! Three forms are understood: `python -m package.module`, `python path/to/file.py`, and `package.module:object`
//! as application servers are given it.

/// What a command runs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Files of the modules that are there, sorted.
    pub files: Vec<String>,
    /// What is run by name or path and is not there, as written.
    pub missing: Vec<String>,
}

/// Options of the interpreter that take the next word, after `python --help`.
const WITH_VALUE: [&str; 3] = ["-W", "-X", "--check-hash-based-pycs"];

/// Finds the modules of a command. `exists` says whether a path, relative to the root, is a module of the tree.
pub(super) fn modules(command: &str, exists: &dyn Fn(&str) -> bool) -> Run {
    let words: Vec<&str> = command.split_whitespace().map(unquoted).collect();
    let mut run = Run::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if is_interpreter(word) {
            let (target, used) = interpreted(&words[at..]);
            at += used;
            match target.map(|target| (target.file(exists), target)) {
                Some((Some(file), _)) => run.files.push(file),
                Some((None, target)) => run.missing.extend(target.to_report()),
                None => {}
            }
        } else if let Some((module, _)) = word.split_once(':').filter(|(module, _)| is_dotted(module)) {
            // `host:port` has this form too: without a module in the tree it says nothing.
            run.files.extend(Target::Module(module).file(exists));
        }
    }
    for list in [&mut run.files, &mut run.missing] {
        list.sort();
        list.dedup();
    }
    run
}

/// What an interpreter is told to run.
enum Target<'a> {
    /// `-m`: a dotted name.
    Module(&'a str),
    /// A path, in whatever directory the process starts.
    Path(&'a str),
}

impl Target<'_> {
    /// Its file below the root.
    fn file(&self, exists: &dyn Fn(&str) -> bool) -> Option<String> {
        match self {
            Self::Module(name) => {
                let path = name.replace('.', "/");
                // A package is run through its `__main__` (Python's `runpy`).
                let files =
                    [format!("{path}.py"), format!("{path}/__main__.py"), format!("{path}/__init__.py")];
                files.into_iter().find(|file| exists(file))
            }
            Self::Path(path) => {
                // The tree may be installed anywhere: the longest end of the path that is a file of it.
                let parts: Vec<&str> =
                    path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
                (0..parts.len()).map(|from| parts[from..].join("/")).find(|file| exists(file))
            }
        }
    }

    /// How to name it when it is not there: modules of the tree by their dotted name; a script may be any file of
    /// the machine.
    fn to_report(&self) -> Option<String> {
        match self {
            Self::Module(name) if name.contains('.') => Some((*name).to_owned()),
            _ => None,
        }
    }
}

/// What the words after an interpreter say, and how many of them belong to it.
fn interpreted<'a>(words: &[&'a str]) -> (Option<Target<'a>>, usize) {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if *word == "-m" {
            return (words.get(at).filter(|name| is_dotted(name)).map(|name| Target::Module(name)), at + 1);
        } else if *word == "-c" {
            return (None, at + 1);
        } else if WITH_VALUE.contains(word) {
            at += 1;
        } else if !word.starts_with('-') {
            return (word.ends_with(".py").then_some(Target::Path(word)), at);
        }
    }
    (None, at)
}

/// `python`, `python3`, `python3.12`, `pypy3`, with any directory.
fn is_interpreter(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    version.is_some_and(|version| version.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn is_dotted(name: &str) -> bool {
    let part = |part: &str| {
        part.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    name.split('.').all(part)
}

fn unquoted(word: &str) -> &str {
    word.trim_matches(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: [&str; 4] = ["jobs/mail.py", "jobs/pack/__main__.py", "web.py", "gunicorn_conf.py"];

    fn run(command: &str) -> Run {
        modules(command, &|file| TREE.contains(&file))
    }

    fn files(command: &str) -> Vec<String> {
        let run = run(command);
        assert_eq!(run.missing, Vec::<String>::new(), "{command}");
        run.files
    }

    #[test]
    fn modules_scripts_and_applications() {
        assert_eq!(files("python -m jobs.mail"), ["jobs/mail.py"]);
        assert_eq!(files("/usr/bin/python3.12 -u -X dev -m jobs.pack --fast"), ["jobs/pack/__main__.py"]);
        assert_eq!(files("python %(ENV_DIR)s/jobs/mail.py web.py"), ["jobs/mail.py"]);
        assert_eq!(files("nice -n 10 gunicorn -c %(ENV_CONF)s/gunicorn_conf.py web:application"), ["web.py"]);
        assert_eq!(files("gunicorn -b 'unix:/run/x.sock' 'jobs.mail:create()'"), ["jobs/mail.py"]);
    }

    #[test]
    fn alternatives_that_run_the_same_module_are_one() {
        assert_eq!(files("gunicorn 'jobs.mail:app'\npython -m jobs.mail"), ["jobs/mail.py"]);
        assert_eq!(files("gunicorn web:app\npython -m jobs.mail"), ["jobs/mail.py", "web.py"]);
    }

    #[test]
    fn other_programs_run_none() {
        for command in [
            "nginx -c web.py",
            "memcached -l 127.0.0.1:11211",
            "pythonista -m jobs.mail",
            "python -c pass",
            "",
        ] {
            assert_eq!(files(command), Vec::<String>::new(), "{command}");
        }
    }

    #[test]
    fn a_module_that_is_gone_is_reported_and_a_library_is_not() {
        assert_eq!(run("python -m jobs.gone").missing, ["jobs.gone"]);
        assert_eq!(run("python -m gunicorn"), Run::default());
        assert_eq!(run("gunicorn jobs.gone:app"), Run::default());
        assert_eq!(run("python /srv/tool.py"), Run::default());
    }
}
