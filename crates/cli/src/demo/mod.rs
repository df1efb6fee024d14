//! `doorstep demo`: the whole promise, told in a terminal. Real encrypted files, a real server in a
//! process of its own, real HTTP on this machine; everything that is claimed is checked.

mod browser;
mod claims;
mod earlier;
mod managers;
mod phone;
mod server;
mod story;

use clap::Args;

use self::claims::Claims;
use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};
use crate::out::Out;

/// Tell the story: phones without a network, a sync in the wrong order, a manager's inbox
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Everything happens in a temporary folder and on this machine only. Exit code \
                        0: everything that was claimed was checked, and is true."
)]
pub struct DemoArgs {}

/// Tells it.
pub fn run(_: &DemoArgs, out: &mut Out) -> Outcome {
    let started = ambient::stopwatch();
    let folder = tempfile::Builder::new()
        .prefix("doorstep-demo-")
        .tempdir()
        .or_no("cannot make a temporary folder")?;
    let mut claims = Claims::default();
    story::tell(folder.path(), &mut claims, out)?;
    out.gap()?;
    let seconds = started.elapsed().as_secs_f64();
    let broken = claims.broken();
    if broken.is_empty() {
        let held = claims.held();
        return out
            .heading(format!("All {held} claims were checked and are true ({seconds:.1} s)."));
    }
    Err(Failure::No(format!("{} claims are not true: {}", broken.len(), broken.join("; "))))
}
