//! The server's configuration as the command gathers it: file, environment, flags.

use std::path::PathBuf;

use clap::Args;
use doorstep_sync_server::Config;

use crate::failure::{Failure, Outcome, chain};

/// Variables that belong to the command itself, not to the server.
const OWN_VARIABLES: &[&str] = &[
    "DOORSTEP_CA",
    "DOORSTEP_CONFIG",
    "DOORSTEP_DEVICE",
    "DOORSTEP_PASSPHRASE",
    "DOORSTEP_PASSPHRASE_FILE",
    "DOORSTEP_SERVER",
    "DOORSTEP_TEST_CHEAP_VAULT",
];

/// Where the organisation's data is, and how its server is configured
#[derive(Args, Clone, Debug, Default)]
pub struct Settings {
    /// The data folder [default: doorstep-data]
    #[arg(long, value_name = "DIR", global = true)]
    pub data: Option<PathBuf>,
    /// The server's configuration file (TOML)
    #[arg(long, value_name = "FILE", global = true, env = "DOORSTEP_CONFIG")]
    pub config: Option<PathBuf>,
}

impl Settings {
    /// The configuration; `flags` win over everything.
    pub fn load(&self, flags: &[(&'static str, String)]) -> Outcome<Config> {
        let mut flags = flags.to_vec();
        if let Some(data) = &self.data {
            let data = data.to_str().ok_or_else(|| {
                Failure::Misused("the data folder's name must be UTF-8".to_owned())
            })?;
            flags.push(("data", data.to_owned()));
        }
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Config::load(self.config.as_deref(), environment, OWN_VARIABLES, &flags)
            .map_err(|error| Failure::Misused(chain(&error)))
    }
}
