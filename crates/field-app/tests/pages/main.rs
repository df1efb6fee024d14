//! The pages as a person meets them, without a browser: requests in, HTML out.

mod calls;
mod gate;
mod lease;
mod record;
mod screens;
mod support;
