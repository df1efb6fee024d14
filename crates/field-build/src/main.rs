//! Puts together what a browser loads of the field app, in one folder: the module with its
//! bindings, the shell's files, the list of them with their hashes for the service worker, and each
//! file compressed. Run by `setup/field`; a server is pointed at the folder.

mod assemble;
mod bind;
mod compress;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to be told where even this cannot be written.
            let _ = writeln!(std::io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [module, app, out] = arguments.as_slice() else {
        bail!("usage: doorstep-field-build MODULE.wasm PROJECT OUT");
    };
    let bound = bind::bind(module)?;
    let files = assemble::Sources::of(app)?.assemble(bound)?;
    let Some(sizes) = compress::write(&files, out)? else { return Ok(()) };
    writeln!(std::io::stdout(), "field app {}: {sizes}", files.version).context("cannot say so")
}
