//! The tests that run the program or use the library as others do: one binary, so that it links once.

mod cli;
mod schema;
mod support;
mod tracker;
