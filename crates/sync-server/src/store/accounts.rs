//! Sign-in to the console: accounts and sessions.

/// What the store knows of accounts.
pub trait Accounts {}
