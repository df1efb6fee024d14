//! The `doorstep` command: one door to server, device, policy and administration.

mod admin;
mod ambient;
mod backup;
mod demo;
mod device;
mod failure;
mod moment;
mod office;
mod out;
mod policy;
mod serve;
mod settings;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

use crate::failure::{Failure, Outcome};
use crate::out::Out;

/// Failed contacts with children: recorded without a network, brought together, heard of in time
#[derive(Debug, Parser)]
#[command(
    name = "doorstep",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done; 1 the answer is no, or something failed; 2 used wrongly, or \
                  the input is malformed.\n\n\
                  Examples:\n  \
                  doorstep demo\n  \
                  doorstep admin demo --data demo-data && doorstep serve --data demo-data\n  \
                  doorstep device record --child amber --form no-response\n  \
                  doorstep completions bash > ~/.local/share/bash-completion/completions/doorstep"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one of these is made in the life of a process")]
enum Command {
    Serve(serve::ServeArgs),
    Demo(demo::DemoArgs),
    Device(device::DeviceArgs),
    Admin(admin::AdminArgs),
    Policy(policy::PolicyArgs),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Verify(backup::VerifyArgs),
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                out::complain(&format!("doorstep: {sentence}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(command: Command) -> Outcome {
    let mut out = Out::stdout();
    match command {
        Command::Serve(args) => serve::run(&args, &mut out),
        Command::Admin(args) => admin::run(&args, &mut out),
        Command::Demo(args) => demo::run(&args, &mut out),
        Command::Device(args) => device::run(&args, &mut out),
        Command::Policy(args) => policy::run(&args, &mut out),
        Command::Backup(args) => backup::run_backup(&args, &mut out),
        Command::Restore(args) => backup::run_restore(&args, &mut out),
        Command::Verify(args) => backup::run_verify(&args, &mut out),
        Command::Completions { shell } => completions(shell, &mut out),
    }
}

fn completions(shell: Shell, out: &mut Out) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "doorstep", &mut script);
    let script = String::from_utf8(script)
        .map_err(|_| Failure::No("the completions are not text".to_owned()))?;
    out.line(script.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
