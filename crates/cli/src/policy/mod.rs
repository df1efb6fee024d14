//! `doorstep policy`: the rules, for the people who own them.

mod adopt;
mod explain;
mod files;
mod packs;
mod test;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};

use crate::failure::Outcome;
use crate::out::Out;
use crate::settings::Settings;

/// Try, explain and compare the policies
#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenario files: a line for each, and what differs
    #[command(after_help = "Exit codes: 0 all hold; 1 one differs; 2 a file is malformed.\n\n\
                            Examples:\n  \
                            doorstep policy test scenarios/\n  \
                            doorstep policy test scenarios/ --pack our-pack.toml")]
    Test {
        /// Scenario files, or folders of them
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        own: OwnPacks,
        /// Print the results as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say which clauses, in which states, scenario files pin down
    #[command(after_help = "Exit codes: 0 every clause in every state; 1 something is missing.")]
    Coverage {
        /// Scenario files, or folders of them
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Print the table as JSON
        #[arg(long)]
        json: bool,
    },
    /// Explain a scenario: each duty with its clause, its events and its limit
    #[command(after_help = "Example:\n  \
                            doorstep policy explain easter.toml --as-of 2026-04-01T16:00:00Z")]
    Explain {
        /// The scenario file
        scenario: PathBuf,
        /// The instant to explain; the last one that the scenario looks at where it is left out
        #[arg(long, value_name = "INSTANT")]
        as_of: Option<DateTime<Utc>>,
        #[command(flatten)]
        own: OwnPacks,
        /// Print the explanation as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the clauses with their citations
    List {
        #[command(flatten)]
        own: OwnPacks,
        /// Print the list as JSON
        #[arg(long)]
        json: bool,
    },
    /// Check that a pack of your own is nowhere weaker than the one it extends
    #[command(
        after_help = "Exit codes: 0 it is not weaker; 1 it is, in the ways listed; 2 it cannot be \
                            read.\n\nExample:\n  \
                            doorstep policy check our-pack.toml --against failure-to-gain-access"
    )]
    Check {
        /// Your own pack
        own: PathBuf,
        /// A pack's id, or its file
        #[arg(long, value_name = "BASE")]
        against: String,
        /// Print the weakenings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what another policy would change: the whole log of an organisation, judged by both
    #[command(
        after_help = "OLD and NEW are built-in, current (what the organisation decided on), \
                            or the file of a pack of your own.\n\nExample:\n  \
                            doorstep policy compare current our-pack.toml --data ficton"
    )]
    Compare {
        /// The policy that is
        old: String,
        /// The policy that could be
        new: String,
        #[command(flatten)]
        settings: Settings,
        /// Print the differences as JSON
        #[arg(long)]
        json: bool,
    },
    /// Take packs of your own into use, and judge every child again; stop the server first
    #[command(after_help = "What is named here takes the place of what was named before; without \
                            any, the built-in packs hold for every service. Devices are sent it \
                            with their next sync.\n\nExample:\n  \
                            doorstep policy adopt our-pack.toml --carers no-access --data ficton")]
    Adopt {
        /// Packs of your own, the oldest first
        packs: Vec<PathBuf>,
        /// Judge services for children by this policy only; may be given several times
        #[arg(long, value_name = "POLICY")]
        children: Vec<String>,
        /// Judge services for parents or carers by this policy only; may be given several times
        #[arg(long, value_name = "POLICY")]
        carers: Vec<String>,
        #[command(flatten)]
        settings: Settings,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Packs of an organisation's own.
#[derive(Debug, Args)]
struct OwnPacks {
    /// A pack of your own, to be in force beside the built-in ones; may be given several times
    #[arg(long = "pack", value_name = "FILE")]
    packs: Vec<PathBuf>,
}

/// Runs `doorstep policy`.
pub fn run(args: &PolicyArgs, out: &mut Out) -> Outcome {
    match &args.command {
        Command::Test { paths, own, json } => {
            test::run(paths, &files::policy(&own.packs)?, *json, out)
        }
        Command::Coverage { paths, json } => test::coverage(paths, *json, out),
        Command::Explain { scenario, as_of, own, json } => {
            explain::run(scenario, *as_of, &files::policy(&own.packs)?, *json, out)
        }
        Command::List { own, json } => packs::list(&files::policy(&own.packs)?, *json, out),
        Command::Check { own, against, json } => packs::check(own, against, *json, out),
        Command::Compare { old, new, settings, json } => {
            adopt::compare((old, new), settings, *json, out)
        }
        Command::Adopt { packs, children, carers, settings, json } => {
            adopt::adopt(packs, (children, carers), settings, *json, out)
        }
    }
}
