//! The command line program; everything it does is in the library.

use std::process::ExitCode;

/// Solving makes millions of small lists; the system allocator takes a quarter of the time of a scan.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    producer_map::cli::main()
}
