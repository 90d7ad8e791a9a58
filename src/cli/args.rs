//! The command line as typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::checklist::block;
use crate::diff::accepted;
use crate::render::LinkBase;

/// Where `scan` writes, and where the other commands look.
pub const DEFAULT_EVIDENCE: &str = "output/evidence.json";

const AFTER_HELP: &str = "\
Examples:
  producer-map scan ./quay                        map a tree, write output/evidence.json
  producer-map scan ./quay -o - | jq .edges       evidence on standard output
  producer-map why ROUTE-0105 --root ./quay       tell the chains of a route, hop by hop
  producer-map why 'PUT /v2/<repo>' QUEUE         the chains of a route to one queue
  producer-map why-not ROUTE-0105 QUEUE           whether it is certain that there is none
  producer-map queues ./quay                      list the queues
  producer-map diff main HEAD                     compare two revisions of the repository
  producer-map link --checklist routes.csv        what the evidence would add to a checklist
  producer-map matrix --plans ./plans             which routes and workers depend on each queue
  producer-map audit --plans ./plans              where the cutover plan contradicts the evidence

Exit status:
  0    done
  1    something is amiss: a difference (diff --fail-on), a checklist that is out of date
       (link --check), a contradiction (audit)
  2    wrong use: unknown option, route or queue, or a file that was given and cannot be used
  3    nothing usable in the tree: no Python files, no entry module, no routes
  101  internal error

Environment:
  NO_COLOR    no colors, unless --color always
  CI          no progress bar";

const WHY_NOT_HELP: &str = "\
A route that has no edge to a queue is `closed` if no call on its way is left open that could lead to a producer of the \
queue, and `open` otherwise; then the calls are named, with a reason that `producer-map explain` explains. The nearest \
miss is the function nearest to a producer that the code of the route touches, and what would have to be called.

The answer comes from a scan of --root, or of the current directory. With --evidence it comes from that file, which does \
not hold the nearest miss.

Examples:
  producer-map why-not ROUTE-0105 notification --root ./quay
  producer-map why-not 'GET /v1/search' notification_queue --root ./quay
  producer-map why-not ROUTE-0105 notification --evidence evidence.json

Exit status:
  0    told, whether the pair is closed, open, or has an edge
  2    wrong use: unknown route or queue, or a file that was given and cannot be used
  3    nothing usable in the tree";

const RENDER_HELP: &str = "\
The document has an anchor for each queue (queue-NAME), each route with edges (route-ID) and each edge (its ID), all in \
lower case, and tells every chain hop by hop. It holds facts only, no source lines, and is the same for the same \
evidence.

Examples:
  producer-map render                     write output/evidence.md
  producer-map render -o - | less         read it
  producer-map render --link-base https://host/org/repo/blob/COMMIT/

Exit status:
  0    done
  2    wrong use, or a file that was given and cannot be used";

const LINK_HELP: &str = "\
A checklist is a CSV file with the columns `route_id` (rows are routes) or `process_id` (rows are worker programs), and \
`verification_notes`. In the notes of each row with edges the tool writes its part between `[producer-map:` and \
`:producer-map]`; a later run replaces that part, or removes it when the edge is gone. Everything else stays byte for \
byte: other text in the notes, other columns, quotes, line ends. All files are written, or none.

Examples:
  producer-map link --checklist routes.csv                      print what would change
  producer-map link --checklist plan/*.csv --write              write it
  producer-map link --checklist plan/*.csv --check              in CI
  producer-map link --checklist routes.csv --rendered docs/evidence.md --commit v3.18.0
  producer-map link --checklist routes.csv --link-base https://host/org/repo/blob/COMMIT/

Exit status:
  0    done; with --check: every checklist is up to date
  1    with --check: a checklist is out of date
  2    wrong use, or a checklist that is not in order: nothing was written";

const DIFF_HELP: &str = "\
A name that --repo is given for is a revision of it if it can be; otherwise it is a file or directory if there is one,
and a revision if not. Evidence files compare at once; trees and revisions are scanned first, both with the options for
scanning that are given.

Examples:
  producer-map diff old.json new.json
  producer-map diff main HEAD --format markdown -o comment.md --fail-on breaking
  producer-map diff --repo ./quay v3.17.4 v3.18.0
  producer-map diff --repo ./quay v3.18.0 output/evidence.json

Exit status:
  0    compared, and nothing that --fail-on names
  1    a difference of the level of --fail-on that is not accepted
  2    wrong use, or an accepted difference that has expired or matches nothing
  3    nothing usable in a tree that was scanned";

/// Finds out which routes of a Flask project put items on which work queues.
///
/// The project is not run: its entry modules are executed in the abstract, and every edge comes with a chain of
/// calls that can be checked against the source hop by hop.
#[derive(Debug, Parser)]
#[command(name = "producer-map", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// When to use colors
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// No summary and no progress, only errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// In any case
    Always,
    /// Not at all
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan a tree and write the evidence
    Scan(ScanArgs),
    /// Tell how a route reaches a queue, with source lines
    Why(WhyArgs),
    /// Tell whether it is certain that a route does not feed a queue, and how near it comes
    WhyNot(WhyNotArgs),
    /// List the routes
    Routes(RoutesArgs),
    /// List the queues
    Queues(ListArgs),
    /// Print the call graph of any Python program
    Callgraph(CallGraphArgs),
    /// Compare two releases
    Diff(DiffArgs),
    /// Tell what a code means, why it matters and what to do; without a code list them all
    Explain(ExplainArgs),
    /// Print the JSON Schema of a file that the program writes
    Schema(SchemaArgs),
    /// Write the evidence as Markdown that checklists link to
    Render(RenderArgs),
    /// Write what routes enqueue into verification checklists
    Link(LinkArgs),
    /// Write the proven route, queue and worker matrix, or the state of the validation items
    Matrix(super::plan_args::MatrixArgs),
    /// Hold the cutover plan's own tables against the evidence
    Audit(super::plan_args::AuditArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write the pages of all commands
    Man(ManArgs),
}

/// How a tree is scanned.
#[derive(Debug, Clone, Default, Args)]
pub struct TreeArgs {
    /// Route tracker to take the IDs from [default: the usual places in the tree]
    #[arg(long, value_name = "FILE", help_heading = "Scanning")]
    pub routes: Option<PathBuf>,
    /// Configuration [default: producer-map.toml in the tree, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Scanning")]
    pub config: Option<PathBuf>,
    /// WSGI entry module, as a path or a dotted name; replaces the configured ones
    #[arg(long, value_name = "MODULE", help_heading = "Scanning")]
    pub entry: Vec<String>,
    /// Take back what an exclusion rule leaves out
    #[arg(long, value_name = "GLOB", help_heading = "Scanning")]
    pub include: Vec<String>,
    /// Leave out more
    #[arg(long, value_name = "GLOB", help_heading = "Scanning")]
    pub exclude: Vec<String>,
    /// Number of threads [default: one for each processor]
    #[arg(long, value_name = "N", help_heading = "Scanning", value_parser = positive)]
    pub threads: Option<usize>,
}

impl TreeArgs {
    /// Whether any of the options was given: then what they say is wanted, and no earlier scan will do.
    pub fn given(&self) -> bool {
        let files = self.routes.is_some() || self.config.is_some();
        files
            || !self.entry.is_empty()
            || !self.include.is_empty()
            || !self.exclude.is_empty()
            || self.threads.is_some()
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a whole number from 1".to_owned()),
        Ok(number) => Ok(number),
    }
}

/// `scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// Root of the tree
    #[arg(default_value = ".")]
    pub root: PathBuf,
    /// Scan a git revision instead: a tag, a branch, a commit; REV:DIR for a directory of it
    #[arg(long, value_name = "REV")]
    pub rev: Option<String>,
    /// Git repository of --rev [default: the one that the root is in]
    #[arg(long, value_name = "DIR", requires = "rev")]
    pub repo: Option<PathBuf>,
    /// Where the evidence goes, `-` for standard output
    #[arg(long, short, value_name = "FILE", default_value = DEFAULT_EVIDENCE)]
    pub output: PathBuf,
    /// Also write a summary in Markdown
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
    /// Add guesses, apart from the edges: `names` lets calls on unknown objects enter every function of the name
    #[arg(long, value_enum, value_name = "WHAT")]
    pub assume: Option<Assumption>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tree: TreeArgs,
}

/// `why`.
#[derive(Debug, Args)]
#[command(after_help = "\
The chains come from --evidence, or from a scan of --root, or else from output/evidence.json if it exists, \
or else from a scan of the current directory. Options for scanning lead to a scan. With both --evidence and \
--root the chains come from the evidence and the source lines from the root.")]
pub struct WhyArgs {
    /// Route: an ID, or method and rule as one argument
    pub route: String,
    /// Queue: its default name or its variable [default: every queue the route reaches]
    pub queue: Option<String>,
    /// Root of the tree, for source lines and for a scan
    #[arg(long)]
    pub root: Option<PathBuf>,
    /// Evidence to take the chains from
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tree: TreeArgs,
}

/// What guesses may rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Assumption {
    /// A method of something unknown is any function of the project with its name that takes its arguments
    Names,
}

/// `why-not`.
#[derive(Debug, Args)]
#[command(after_help = WHY_NOT_HELP)]
pub struct WhyNotArgs {
    /// Route: an ID, or method and rule as one argument
    pub route: String,
    /// Queue: its default name or its variable
    pub queue: String,
    /// Root of the tree to scan
    #[arg(long)]
    pub root: Option<PathBuf>,
    /// Evidence to take the answer from, without the nearest miss
    #[arg(long, value_name = "FILE", conflicts_with = "root")]
    pub evidence: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tree: TreeArgs,
}

/// `routes`.
#[derive(Debug, Args)]
pub struct RoutesArgs {
    /// Routes that exist by themselves as well; JSON always has them
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub list: ListArgs,
}

/// `queues`, and what `routes` has in common with it.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Root of a tree to scan [default: read output/evidence.json, or scan the current directory]
    #[arg(conflicts_with = "evidence")]
    pub root: Option<PathBuf>,
    /// Evidence to read instead
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// How to print them
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tree: TreeArgs,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Code, as diff and the evidence give it [default: all of them]
    pub code: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}

/// How to print something that people read in sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Which file
    #[arg(value_enum, default_value_t = SchemaOf::Evidence)]
    pub of: SchemaOf,
}

/// A file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// What scan writes
    Evidence,
    /// What diff writes with --format json
    Diff,
}

/// `diff`.
#[derive(Debug, Args)]
#[command(after_help = DIFF_HELP)]
pub struct DiffArgs {
    /// Old side: an evidence file, a directory to scan, or a git revision
    pub old: String,
    /// New side, likewise
    pub new: String,
    /// Git repository of the revisions [default: the one that the current directory is in]
    #[arg(long, value_name = "DIR")]
    pub repo: Option<PathBuf>,
    /// How to print the differences
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub format: DiffFormat,
    /// Where they go [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Exit with 1 if a difference of this level or a worse one is not accepted
    #[arg(long, value_enum, default_value_t = FailOn::None, value_name = "LEVEL")]
    pub fail_on: FailOn,
    /// Accepted differences [default: producer-map-accepted.toml in the new tree, if there is one]
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// The day on which accepted differences must not have expired [default: today, UTC]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    pub today: Option<jiff::civil::Date>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tree: TreeArgs,
}

fn day(text: &str) -> Result<jiff::civil::Date, String> {
    accepted::date(text).ok_or_else(|| "give a day as in 2027-01-31".to_owned())
}

/// How to print differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// For the terminal
    Text,
    /// For programs; `producer-map schema diff` describes it
    Json,
    /// For a comment on a pull request
    Markdown,
    /// Annotations of a GitHub workflow
    Github,
}

/// From which level on a difference is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Never
    None,
    /// Those that concern a decision that rests on the evidence
    Breaking,
    /// And those that are worth a look
    Notice,
    /// Any difference
    Info,
}

/// How to print a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people
    Table,
    /// The records of the evidence
    Json,
}

/// `render`.
#[derive(Debug, Args)]
#[command(after_help = RENDER_HELP)]
pub struct RenderArgs {
    /// Evidence to render
    #[arg(long, value_name = "FILE", default_value = DEFAULT_EVIDENCE)]
    pub evidence: PathBuf,
    /// Where the Markdown goes, `-` for standard output [default: beside the evidence, with the ending .md]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Address below which the scanned sources stand; makes a link of every position
    #[arg(long, value_name = "URL")]
    pub link_base: Option<LinkBase>,
}

/// `link`.
#[derive(Debug, Args)]
#[command(after_help = LINK_HELP)]
pub struct LinkArgs {
    /// Checklists to write into
    #[arg(long, value_name = "FILE.csv", required = true, num_args = 1..)]
    pub checklist: Vec<PathBuf>,
    /// Evidence to take the edges from [default: output/evidence.json]
    #[arg(long, value_name = "FILE")]
    pub evidence: Option<PathBuf>,
    /// Link to source lines below this address, such as https://host/org/repo/blob/COMMIT/
    #[arg(long, value_name = "URL", conflicts_with = "rendered")]
    pub link_base: Option<LinkBase>,
    /// Link to anchors of the rendered evidence under this name, a path or an address [default: the
    /// name of the evidence with the ending .md]
    #[arg(long, value_name = "NAME", value_parser = word)]
    pub rendered: Option<String>,
    /// Commit that the evidence is of [default: the one that was scanned, or else the digest of the sources]
    #[arg(long, value_name = "REV", value_parser = word)]
    pub commit: Option<String>,
    /// Set verification_status to STATUS in the rows with edges; without it no status changes
    #[arg(long, value_name = "STATUS", value_parser = word)]
    pub set_status: Option<String>,
    /// Write the checklists; without it the differences are only printed
    #[arg(long)]
    pub write: bool,
    /// Write nothing, and exit with 1 if a checklist is out of date
    #[arg(long, conflicts_with = "write")]
    pub check: bool,
}

/// A word that goes into cells: nothing in it ends the tool's part, quotes the cell or makes a formula of it.
fn word(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_graphic() && !r#""',;|[]<>`"#.contains(c);
    if text.is_empty() || !text.chars().all(plain) || block::formula(text.as_bytes()).is_some() {
        return Err(
            "give a word of letters, digits and signs like `-./`, that begins with a letter or digit"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

/// `completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  producer-map completions bash > /etc/bash_completion.d/producer-map
  producer-map completions zsh > \"${fpath[1]}/_producer-map\"
  producer-map completions fish > ~/.config/fish/completions/producer-map.fish")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  producer-map man | man -l -
  producer-map man -o /usr/share/man/man1")]
pub struct ManArgs {
    /// Directory to write one page for each command to
    #[arg(long, short, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `callgraph`.
#[derive(Debug, Args)]
#[command(after_help = "\
The program is not run but executed in the abstract, as by scan. Without --entry every module is run; a file is an \
entry, its folder the root of dotted names. It need not have anything to do with Flask or queues.

Examples:
  producer-map callgraph ./project                       every module, every function
  producer-map callgraph main.py --reached-only          what running main.py reaches
  producer-map callgraph ./project --format dot | dot -Tsvg > graph.svg
  producer-map callgraph ./project --entry pkg.app --format json | jq '.unresolved'

Exit status: 0 done, 2 wrong use, 3 no Python files")]
pub struct CallGraphArgs {
    /// Folder or file
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Module to run, as a path or a dotted name; more than one may be given [default: all]
    #[arg(long, value_name = "MODULE|FILE")]
    pub entry: Vec<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = CallGraphFormat::Pycg)]
    pub format: CallGraphFormat,
    /// Where it goes [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave out what the entries do not reach; otherwise functions that nothing calls are run as well, with arguments
    /// of which nothing is known
    #[arg(long)]
    pub reached_only: bool,
    /// Read the program as coarsely as PyCG's benchmark expects: defaults count where an argument is passed, calls with
    /// too many or too few arguments count, builtins call what they are given
    #[arg(long)]
    pub coarse: bool,
    /// Configuration [default: producer-map.toml in the folder, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Take back what an exclusion rule leaves out
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Leave out more
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Number of threads [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
}

/// How a call graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CallGraphFormat {
    /// Adjacency map of dotted names, as PyCG writes it
    Pycg,
    /// With places, kinds of calls, and calls that are not understood
    Json,
    /// Graphviz
    Dot,
    /// Mermaid flowchart
    Mermaid,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
