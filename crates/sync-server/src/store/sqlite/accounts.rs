//! Accounts on SQLite.

use super::SqliteTx;
use crate::store::Accounts;

impl Accounts for SqliteTx<'_> {}
