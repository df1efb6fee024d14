//! `doorstep policy`: what the policies say, and whether they say what their scenarios expect.

mod test;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::failure::Outcome;
use crate::out::Out;

/// The policies: try them on scenarios
#[derive(Args, Clone, Debug)]
pub struct PolicyArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Run scenario files: one child each, what happened, what must follow
    #[command(
        after_help = "Exit codes: 0 every scenario holds; 1 some do not; 2 a file is malformed.\n\n\
                            Example:\n  doorstep policy test schema/policy/scenarios"
    )]
    Test {
        /// Scenario files, or folders of them
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Print the results as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
pub fn run(args: &PolicyArgs, out: &mut Out) -> Outcome {
    match &args.action {
        Action::Test { paths, json } => test::run(paths, *json, out),
    }
}
