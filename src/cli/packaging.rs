//! `completions` and `man`: what packages install beside the program.

use std::io;
use std::path::Path;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::{CliError, Terminal};
use crate::evidence::write_atomically;

/// Runs `completions`.
pub(super) fn completions(args: &CompletionsArgs, terminal: &Terminal) -> Result<(), CliError> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    Ok(terminal.print(&text(script)?)?)
}

/// Runs `man`: the page of the program, or with a directory the pages of all commands.
pub(super) fn man(args: &ManArgs, terminal: &Terminal) -> Result<(), CliError> {
    // The built-in `help` explains itself.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(directory) = &args.output else {
        return Ok(terminal.print(&page(&command)?)?);
    };
    write(&command, directory)?;
    for sub in command.get_subcommands() {
        write(sub, directory)?;
    }
    Ok(())
}

fn write(command: &clap::Command, directory: &Path) -> Result<(), CliError> {
    let name = clap_mangen::Man::new(command.clone()).get_filename();
    Ok(write_atomically(&directory.join(name), &page(command)?, "-o")?)
}

fn page(command: &clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    text(page)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(io::Error::other)
}
