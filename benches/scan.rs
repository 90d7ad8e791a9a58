//! What a scan costs: its time over that of reading and parsing the same files with the same threads, and its
//! peak memory.
//!
//! `QUAY_TREE` names the tree to measure on, `BENCH_THREADS` the number of threads (one for each processor
//! otherwise), `BENCH_RUNS` the number of runs (7 otherwise). The ratio is the number to watch: it says what the
//! analysis adds, whatever the machine.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use producer_map::Progress;
use producer_map::config::Config;
use producer_map::source::Tree;
use producer_map::{ScanOptions, analyze};
use rayon::prelude::*;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Asks this program, started once more, for the peak memory of one scan.
const PEAK: &str = "--peak-memory-of-one-scan";

/// Trees of this crate to measure on when no other is named.
const SAMPLES: [&str; 2] = ["testdata/miniquay", "tests/trees/ledger"];

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let crate_root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("QUAY_TREE").map(PathBuf::from);
    let sample = || SAMPLES.iter().map(|name| crate_root.join(name)).find(|path| path.is_dir());
    let root = named.clone().or_else(sample).ok_or("no tree to measure on: set QUAY_TREE")?;
    let threads = number("BENCH_THREADS")?.unwrap_or(std::thread::available_parallelism()?.get());
    let runs = number("BENCH_RUNS")?.unwrap_or(7).max(1);
    if std::env::args().any(|argument| argument == PEAK) {
        scan(&root, threads)?;
        println!("{}", peak_memory()?);
        return Ok(());
    }
    if named.is_none() {
        println!(
            "QUAY_TREE is not set: the real tree is skipped, and a sample is measured, whose numbers mean little"
        );
    }
    let files = files(&root)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
    // Once for the file cache, not counted.
    let (count, bytes) = pool.install(|| parse(&files))?;
    scan(&root, threads)?;
    let mut parse_times = Vec::new();
    let mut scan_times = Vec::new();
    let mut stages = Stages::default();
    // In turn, so that a busy moment of the machine hits both.
    for _ in 0..runs {
        let start = Instant::now();
        pool.install(|| parse(&files))?;
        parse_times.push(start.elapsed());
        let start = Instant::now();
        stages = scan(&root, threads)?;
        scan_times.push(start.elapsed());
    }
    let (parse_time, scan_time) = (median(parse_times), median(scan_times));
    println!("{count} files, {:.1} MB, {threads} threads, median of {runs} runs", bytes as f64 / 1e6);
    println!("read and parse  {:>8.1} ms", millis(parse_time));
    println!("whole scan      {:>8.1} ms", millis(scan_time));
    println!("ratio           {:>8.1}", scan_time.as_secs_f64() / parse_time.as_secs_f64().max(1e-9));
    println!("stages of the last scan: {}", stages.text());
    match peak_of_child() {
        Ok(kib) => println!("peak memory     {:>8.1} MB", kib as f64 * 1024.0 / 1e6),
        Err(error) => println!("peak memory is skipped: {error}"),
    }
    Ok(())
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
    let options = ScanOptions { config: Config::for_tree(&tree, None)?, threads: Some(threads) };
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

/// Peak resident memory of a process that does one scan and nothing else, in KiB.
fn peak_of_child() -> Outcome<u64> {
    let output = Command::new(std::env::current_exe()?).arg(PEAK).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().ok_or("the child printed nothing")?;
    Ok(last.trim().parse().map_err(|_| format!("the child printed `{last}`"))?)
}

/// Peak resident memory of this process in KiB.
fn peak_memory() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
