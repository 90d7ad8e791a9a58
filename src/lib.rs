//! `producer-map`: which routes of a Flask application feed which work queues, with proof.
//!
//! The modules in reading order are the pipeline: [`config`] says what is known of the project, [`source`] finds and reads
//! files, [`lower`] makes [`ir`] of each, [`link`] makes a program of them, [`solve`] runs it in the
//! abstract with the library knowledge in [`models`], [`routes`], [`queues`], [`paths`] and [`workers`] read
//! the solution, [`finding`] is what they say, [`tracker`] gives routes their IDs, [`evidence`] and
//! [`render`] write it down, [`checklist`] writes it into CSV files that people own ([`sheet`]). [`plan`] reads the
//! tables of the cutover plan, [`matrix`] lays the evidence over them and [`audit`] holds them against it. [`scan`]
//! runs the pipeline, [`callgraph`] the part of it that any Python program has, [`diff`] compares two scans, [`codes`]
//! explains what findings are called, [`cli`] is the command line.

pub mod audit;
pub mod callgraph;
pub mod checklist;
pub mod cli;
pub mod codes;
pub mod config;
pub mod diff;
pub mod digest;
pub mod evidence;
pub mod finding;
pub mod ir;
pub mod link;
pub mod lower;
pub mod matrix;
pub mod models;
pub mod paths;
pub mod plan;
pub mod progress;
pub mod queues;
pub mod render;
pub mod routes;
pub mod scan;
pub mod sheet;
pub mod solve;
pub mod source;
pub mod tracker;
pub mod unknown;
pub mod workers;

pub use progress::Progress;
pub use scan::{ScanError, ScanOptions, analyze};
