//! What a scan costs: its time over that of reading and parsing the same files with the same threads, and its
//! peak memory.
//!
//! Each sample is taken in a process of its own, as people run it, and in turn, so that a busy moment of the machine hits
//! both sides: a process reads and parses, or scans, once, and says how long that took. The files are in the
//! cache of the system by then.
//!
//! `QUAY_TREE` names the tree to measure on, `BENCH_THREADS` the number of threads (one for each processor
//! otherwise), `BENCH_RUNS` the number of runs (15 otherwise). The ratio is the number to watch: it says what the
//! analysis adds, whatever the machine.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use producer_map::Progress;
use producer_map::config::Config;
use producer_map::solve::contexts::Contexts;
use producer_map::source::Tree;
use producer_map::{ScanOptions, analyze};
use rayon::prelude::*;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Asks this program, started once more, for one sample of reading and parsing.
const PARSE: &str = "--one-parse";

/// Asks this program, started once more, for one sample of a scan.
const SCAN: &str = "--one-scan";

/// Trees of this crate to measure on when no other is named.
const SAMPLES: [&str; 2] = ["testdata/miniquay", "tests/trees/ledger"];

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("QUAY_TREE").map(PathBuf::from);
    let shipped = || SAMPLES.iter().map(|name| crate_root.join(name)).find(|path| path.is_dir());
    let root = named.clone().or_else(shipped).ok_or("no tree to measure on: set QUAY_TREE")?;
    let threads = number("BENCH_THREADS")?.unwrap_or(std::thread::available_parallelism()?.get());
    let runs = number("BENCH_RUNS")?.unwrap_or(15).max(1);
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    if asked(PARSE) {
        let files = files(&root)?;
        let start = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let (count, bytes) = pool.install(|| parse(&files))?;
        println!("{} {count} {bytes}", start.elapsed().as_nanos());
        return Ok(());
    }
    if asked(SCAN) {
        let start = Instant::now();
        let stages = scan(&root, threads)?;
        println!("{} {} {}", start.elapsed().as_nanos(), peak_memory().unwrap_or(0), stages.text());
        return Ok(());
    }
    if named.is_none() {
        println!(
            "QUAY_TREE is not set: the real tree is skipped, and a sample is measured, whose numbers mean little"
        );
    }
    let (mut parses, mut scans) = (Vec::new(), Vec::new());
    // The first of each fills the cache and is not counted.
    for _ in 0..=runs {
        parses.push(sample(PARSE)?);
        scans.push(sample(SCAN)?);
    }
    let (parse, scan) = (median(parses.split_off(1)), median(scans.split_off(1)));
    let [count, bytes] = parse.numbers()?;
    println!("{count} files, {:.1} MB, {threads} threads, median of {runs} runs", bytes as f64 / 1e6);
    println!("read and parse  {:>8.1} ms", millis(parse.time));
    println!("whole scan      {:>8.1} ms", millis(scan.time));
    println!("ratio           {:>8.1}", scan.time.as_secs_f64() / parse.time.as_secs_f64().max(1e-9));
    let (peak, stages) = scan.rest.split_once(' ').unwrap_or((&scan.rest, ""));
    println!("its stages      {stages}");
    match peak.parse::<u64>()? {
        0 => println!("peak memory is skipped: this system does not tell"),
        kib => println!("peak memory     {:>8.1} MB", kib as f64 * 1024.0 / 1e6),
    }
    Ok(())
}

/// What a process of its own measured.
struct Sample {
    time: Duration,
    rest: String,
}

impl Sample {
    /// The two numbers after the time.
    fn numbers(&self) -> Outcome<[u64; 2]> {
        let (first, second) = self.rest.split_once(' ').ok_or("a sample without its numbers")?;
        Ok([first.parse()?, second.parse()?])
    }
}

/// Takes one sample in a process of its own.
fn sample(what: &str) -> Outcome<Sample> {
    let output = Command::new(std::env::current_exe()?).arg(what).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().last().ok_or("a sample printed nothing")?;
    let (nanos, rest) = line.split_once(' ').ok_or("a sample without its time")?;
    Ok(Sample { time: Duration::from_nanos(nanos.parse()?), rest: rest.to_owned() })
}

fn number(name: &str) -> Outcome<Option<usize>> {
    let Some(text) = std::env::var_os(name) else {
        return Ok(None);
    };
    let text = text.to_string_lossy().into_owned();
    Ok(Some(text.parse().map_err(|_| format!("{name} is `{text}`: give a whole number"))?))
}

/// The files that a scan analyses, by the rules of the tree's configuration.
fn files(root: &Path) -> Outcome<Vec<PathBuf>> {
    let filter = Config::for_tree(&Tree::directory(root), None)?.path_filter();
    let relative = |path: &Path| {
        let parts = path.strip_prefix(root).unwrap_or(path).iter().map(|part| part.to_string_lossy());
        parts.collect::<Vec<_>>().join("/")
    };
    let walk = walkdir::WalkDir::new(root).sort_by_file_name().into_iter();
    let mut found = Vec::new();
    for entry in
        walk.filter_entry(|entry| !entry.file_type().is_dir() || filter.descend(&relative(entry.path())))
    {
        let entry = entry?;
        let path = relative(entry.path());
        if entry.file_type().is_file() && path.ends_with(".py") && filter.excluded(&path, false).is_none() {
            found.push(entry.into_path());
        }
    }
    Ok(found)
}

/// Reads and parses the files; returns their number and size.
fn parse(files: &[PathBuf]) -> Outcome<(usize, usize)> {
    let sizes: Result<Vec<usize>, std::io::Error> = files
        .par_iter()
        .map(|path| {
            let bytes = std::fs::read(path)?;
            let text = String::from_utf8_lossy(&bytes);
            let options = ruff_python_parser::ParseOptions::from(ruff_python_parser::Mode::Module);
            std::hint::black_box(ruff_python_parser::parse_unchecked(&text, options));
            Ok(bytes.len())
        })
        .collect();
    let sizes = sizes?;
    Ok((sizes.len(), sizes.iter().sum()))
}

fn scan(root: &Path, threads: usize) -> Outcome<Stages> {
    let tree = Tree::directory(root);
    let options = ScanOptions {
        config: Config::for_tree(&tree, None)?,
        threads: Some(threads),
        assume_names: false,
        contexts: Contexts::default(),
    };
    let stages = Stages::default();
    std::hint::black_box(analyze(&tree, &options, &stages)?);
    Ok(stages)
}

/// When each stage of a scan began.
#[derive(Default)]
struct Stages(Mutex<Vec<(String, Instant)>>);

impl Stages {
    fn push(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), Instant::now()));
    }

    fn text(&self) -> String {
        let starts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stage =
            |pair: &[(String, Instant)]| format!("{} {:.1} ms", pair[0].0, millis(pair[1].1 - pair[0].1));
        starts.windows(2).map(stage).collect::<Vec<_>>().join(", ")
    }
}

impl Progress for Stages {
    fn stage(&self, name: &str, _total: usize) {
        self.push(name);
    }

    fn tick(&self) {}

    fn finish(&self) {
        self.push("end");
    }
}

/// Peak resident memory of this process in KiB.
fn peak_memory() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// The sample with the median time.
fn median(mut samples: Vec<Sample>) -> Sample {
    samples.sort_by_key(|sample| sample.time);
    let middle = samples.len() / 2;
    samples.swap_remove(middle)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
