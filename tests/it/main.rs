//! The tests that run the program or use the library as others do: one binary, so that it links once.

mod bad_input;
mod callgraph;
mod cli;
mod diff;
mod encodings;
mod fixtures;
mod git;
mod handmade;
mod limits;
mod link;
mod metamorphic;
mod miniquay;
mod plan;
mod quay;
mod rendering;
mod schema;
mod second_opinion;
mod stable;
mod support;
mod traced;
mod tracker;
mod workers;
