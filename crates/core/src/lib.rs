//! The rules of Doorstep: what can be recorded, how it is sealed, what a child's history says, what
//! the policies ask for, and whom that concerns.
//!
//! Nothing here does I/O, reads a clock, draws a random number, waits or speaks SQL: the same code
//! runs on the server, on a phone and in a browser, and the same input gives the same answer.

pub mod access;
pub mod assessment;
pub mod attachment;
pub mod calendar;
pub mod describe;
pub mod escalation;
pub mod event;
pub mod history;
pub mod hpke;
pub mod ids;
pub mod merkle;
pub mod policy;
pub mod seal;
pub mod time;
pub mod trust;
pub mod wire;
pub mod words;
