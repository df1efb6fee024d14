//! The server's behaviour, from the outside of each stage.

mod access;
mod attachments;
mod backup;
mod chain;
mod coding;
mod contingency;
mod hand_in;
mod ingest;
mod notices;
mod pokes;
mod policy;
mod pressure;
mod serve;
mod store;
mod tell;
mod triage;
mod visits;
mod wire;
