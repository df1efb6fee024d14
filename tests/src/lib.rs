//! The harness that the tests of the whole share.

pub mod journey;
pub mod tree;
