//! The pages as a person meets them, without a browser: requests in, HTML out.

mod gate;
mod record;
mod screens;
mod support;
