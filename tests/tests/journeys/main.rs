//! Journeys through the whole: the real binary, real files, a real server on this machine.

mod attachments;
mod bad_input;
mod crash;
mod keys;
mod killed;
mod locked;
mod lost;
mod moved;
mod office;
mod offline;
mod overload;
mod pages;
mod quiet;
mod restored;
mod rolled_back;
mod tls;
mod told;
