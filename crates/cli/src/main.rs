//! The `doorstep` command: one door to server, device, policy and administration.

mod ambient;
mod caseload;
mod failure;
mod out;

fn main() {}
