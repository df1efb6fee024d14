//! How the server is configured: a TOML file, then the environment, then flags; the later wins.
//!
//! Every key stands once, in [`KEYS`], with its default, its unit and what it means; an unknown key
//! is refused by name. Secrets are never printed.

mod keys;
mod notices;
mod second_factor;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveTime;
use doorstep_core::wire::Terms;

use crate::schedule::Plan;
use crate::store::notices::Channel;

pub use keys::{KEYS, Key};
pub use notices::{
    GovukSettings, NoticeSettings, Secret, SecretError, Smtp, SmtpSecurity, WebhookSettings,
};
pub use second_factor::{SecondFactorFor, Whose};

/// How many hours there may be from one backup to the next.
const DIVIDE_A_DAY: [u64; 8] = [1, 2, 3, 4, 6, 8, 12, 24];

/// When the duty list is written unless told otherwise: before the first comes to work.
const BEFORE_WORK: NaiveTime = NaiveTime::from_hms_opt(6, 30, 0).expect("a time of day");

/// What stands before a key's name in the environment, for example `DOORSTEP_LISTEN`.
pub const ENVIRONMENT_PREFIX: &str = "DOORSTEP_";

/// How the server is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// A proxy in front ends TLS.
    pub behind_proxy: bool,
    /// With what the server ends TLS itself; none: it does not.
    pub tls: Option<TlsFiles>,
    /// How people reach the console, without a slash at the end; empty until it is known.
    pub public_url: String,
    /// Where the built field app lies; empty: beside the program, or one folder above it.
    pub field_app: PathBuf,
    /// What is logged.
    pub log: String,
    /// Serves the description of the API.
    pub api_reference: bool,
    /// Connections that read.
    pub readers: usize,
    /// How long a write waits for company.
    pub group_commit: Duration,
    /// How long a request's head may take to arrive, and its body.
    pub request_timeout: Duration,
    /// How often one device may sync in a minute.
    pub device_requests: NonZeroU32,
    /// How many pages one person may open in a minute.
    pub person_requests: NonZeroU32,
    /// How many requests may come from one address in a minute.
    pub address_requests: NonZeroU32,
    /// How many tries to sign in, or to enrol a device, may come from one address in a minute.
    pub address_sign_ins: NonZeroU32,
    /// How long requests may finish when the server stops.
    pub stop_within: Duration,
    /// How many different records a person opens in a day without an alarm.
    pub reads_alarm: u64,
    /// The longest time between two sweeps.
    pub sweep_interval: Duration,
    /// How long an immediate escalation waits for notice before it moves up.
    pub acknowledge_immediate: Duration,
    /// The same for one that is due the same day, in working time.
    pub acknowledge_same_day: Duration,
    /// The same for a routine one, in working time.
    pub acknowledge_routine: Duration,
    /// How long a device without contact shows what it holds of children.
    pub read_lease: Duration,
    /// After so many wrong passphrases running, a device destroys the key to what it holds.
    pub wrong_passphrases: u32,
    /// How long the device of somebody with a planned visit may be silent before it is raised.
    pub silence: Duration,
    /// When the server makes backups by itself.
    pub backup: Plan,
    /// When the server writes the duty list by itself.
    pub contingency: Plan,
    /// How long a device code works.
    pub enrol_code_lifetime: Duration,
    /// Wrong device codes a minute.
    pub enrol_attempts: u32,
    /// The mail server.
    pub smtp: Smtp,
    /// How notices go out otherwise, and how often each is tried.
    pub notices: NoticeSettings,
    /// Of whom a second factor is asked at sign-in.
    pub second_factor: SecondFactorFor,
}

impl Default for Config {
    fn default() -> Self {
        let second = Duration::from_secs;
        let count = |count| NonZeroU32::new(count).expect("a default is more than nothing");
        Self {
            data: PathBuf::from("doorstep-data"),
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8470),
            behind_proxy: false,
            tls: None,
            public_url: String::new(),
            field_app: PathBuf::new(),
            log: "info".into(),
            api_reference: false,
            readers: 4,
            group_commit: Duration::from_millis(3),
            request_timeout: second(30),
            device_requests: count(1200),
            person_requests: count(600),
            address_requests: count(6000),
            address_sign_ins: count(120),
            stop_within: second(10),
            reads_alarm: 60,
            sweep_interval: second(60),
            acknowledge_immediate: second(1800),
            acknowledge_same_day: second(7200),
            acknowledge_routine: second(28_800),
            read_lease: Duration::from_hours(u64::from(Terms::READ_LEASE_HOURS)),
            wrong_passphrases: Terms::WRONG_PASSPHRASES,
            silence: second(14_400),
            backup: Plan::default(),
            contingency: Plan { at: BEFORE_WORK, keep: 8, ..Plan::default() },
            enrol_code_lifetime: second(600),
            enrol_attempts: 20,
            smtp: Smtp::default(),
            notices: NoticeSettings::default(),
            second_factor: SecondFactorFor::default(),
        }
    }
}

/// The files with which the server ends TLS itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that it hangs on, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No such key.
    #[error("{place}: unknown key \"{key}\"{}", hint(*nearest))]
    UnknownKey {
        /// Where it stands.
        place: String,
        /// The key.
        key: String,
        /// A key that is spelt nearly so.
        nearest: Option<&'static str>,
    },
    /// A key with a value that it cannot have. The value itself is not repeated: it may be secret.
    #[error("{place}: {key} must be {unit}")]
    BadValue {
        /// Where it stands.
        place: String,
        /// The key.
        key: &'static str,
        /// The form that it must have.
        unit: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read the configuration file {file}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why it cannot be read.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{file} is not TOML")]
    NotToml {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// Keys that do not go together.
    #[error("{0}")]
    Contradiction(&'static str),
}

fn hint(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

impl Config {
    /// Every key with its default, unit and meaning.
    pub fn reference() -> &'static [Key] {
        KEYS
    }

    /// The ways in which people can be told, the one that is tried first in front.
    pub fn ways(&self) -> Vec<Channel> {
        notices::ways(&self.smtp, &self.notices)
    }

    /// Whether people and devices reach the server by HTTPS.
    pub fn is_secure(&self) -> bool {
        self.tls.is_some() || self.behind_proxy || self.public_url.starts_with("https://")
    }

    /// The scheme that the server itself speaks.
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Reads the file if there is one, then what of `environment` starts with `DOORSTEP_`, then
    /// `flags` (key and value). A variable that names no key is refused, except those in `others`,
    /// which belong to the command.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        others: &[&str],
        flags: &[(&str, String)],
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        if let Some(file) = file {
            config.read_file(file)?;
        }
        for (variable, value) in environment {
            let Some(name) = variable.strip_prefix(ENVIRONMENT_PREFIX) else { continue };
            if !others.contains(&variable.as_str()) {
                config.set(&format!("environment, {variable}"), &name.to_lowercase(), &value)?;
            }
        }
        for (name, value) in flags {
            config.set("flags", name, value)?;
        }
        config.check()?;
        Ok(config)
    }

    fn read_file(&mut self, file: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::File { file: file.to_owned(), source })?;
        let table: toml::Table = text.parse().map_err(|source| ConfigError::NotToml {
            file: file.to_owned(),
            source: Box::new(source),
        })?;
        for (name, value) in table {
            let value = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(flag) => flag.to_string(),
                // Nothing else is the form of any key, so `set` names the key and what it takes.
                _ => "\0".to_owned(),
            };
            self.set(&file.display().to_string(), &name, &value)?;
        }
        Ok(())
    }

    fn set(&mut self, place: &str, name: &str, value: &str) -> Result<(), ConfigError> {
        let Some(key) = KEYS.iter().find(|key| key.name == name) else {
            return Err(ConfigError::UnknownKey {
                place: place.to_owned(),
                key: name.to_owned(),
                nearest: nearest(name),
            });
        };
        let place = || place.to_owned();
        let wrong = || ConfigError::BadValue { place: place(), key: key.name, unit: key.unit };
        self.assign(key.name, value).ok_or_else(wrong)
    }

    fn assign(&mut self, name: &str, value: &str) -> Option<()> {
        if value.contains('\0') {
            return None;
        }
        let seconds = || value.parse().ok().map(Duration::from_secs);
        match name {
            "data" => self.data = (!value.is_empty()).then(|| value.into())?,
            "listen" => self.listen = value.parse().ok()?,
            "behind_proxy" => self.behind_proxy = value.parse().ok()?,
            "tls_certificate" => self.tls_files().certificate = path(value)?,
            "tls_key" => self.tls_files().key = path(value)?,
            "public_url" => self.public_url = url(value)?,
            "field_app" => self.field_app = value.into(),
            "log" => value.clone_into(&mut self.log),
            "api_reference" => self.api_reference = value.parse().ok()?,
            "readers" => {
                self.readers = value.parse().ok().filter(|count| (1..=64).contains(count))?;
            }
            "group_commit" => {
                let wait = value.parse().ok().filter(|ms| *ms <= 1000)?;
                self.group_commit = Duration::from_millis(wait);
            }
            "request_timeout" => self.request_timeout = seconds().filter(|s| !s.is_zero())?,
            "device_requests" => self.device_requests = value.parse().ok()?,
            "person_requests" => self.person_requests = value.parse().ok()?,
            "address_requests" => self.address_requests = value.parse().ok()?,
            "second_factor" => self.second_factor = SecondFactorFor::of(value)?,
            "address_sign_ins" => self.address_sign_ins = value.parse().ok()?,
            "reads_alarm" => self.reads_alarm = value.parse().ok()?,
            "stop_within" => self.stop_within = seconds()?,
            "sweep_interval" => self.sweep_interval = seconds().filter(|s| !s.is_zero())?,
            "acknowledge_immediate" => self.acknowledge_immediate = at_most(value, 30)?,
            "acknowledge_same_day" => self.acknowledge_same_day = at_most(value, 120)?,
            "acknowledge_routine" => self.acknowledge_routine = at_most(value, 480)?,
            "read_lease" => {
                let hours = value.parse().ok().filter(|hours| (1..=8760).contains(hours))?;
                self.read_lease = Duration::from_hours(hours);
            }
            "wrong_passphrases" => {
                let count = value.parse().ok().filter(|count| (3..=100).contains(count))?;
                self.wrong_passphrases = count;
            }
            "silence" => self.silence = minutes(value)?,
            "backup_folder" | "backup_at" | "backup_every" | "backup_keep" => {
                plan(&mut self.backup, name, value)?;
            }
            "contingency_folder" | "contingency_at" | "contingency_every" | "contingency_keep" => {
                plan(&mut self.contingency, name, value)?;
            }
            "enrol_code_lifetime" => self.enrol_code_lifetime = minutes(value)?,
            "enrol_attempts" => self.enrol_attempts = value.parse().ok()?,
            _ => {
                let smtp = self.smtp.assign(name, value);
                return smtp.or_else(|| self.notices.assign(name, value));
            }
        }
        Some(())
    }

    fn tls_files(&mut self) -> &mut TlsFiles {
        self.tls.get_or_insert_default()
    }

    fn check(&self) -> Result<(), ConfigError> {
        if !self.listen.ip().is_loopback() && !self.behind_proxy && self.tls.is_none() {
            return Err(ConfigError::Contradiction(
                "listen: this address can be reached from the network, and nothing speaks TLS: \
                 give tls_certificate and tls_key, or put a proxy in front and say so with \
                 behind_proxy = true, or listen on 127.0.0.1",
            ));
        }
        let half = |tls: &TlsFiles| tls.certificate == Path::new("") || tls.key == Path::new("");
        if self.tls.as_ref().is_some_and(half) {
            return Err(ConfigError::Contradiction(
                "tls_certificate and tls_key go together: give both, or neither",
            ));
        }
        if let Some(fault) = notices::contradiction(&self.smtp, &self.notices) {
            return Err(ConfigError::Contradiction(fault));
        }
        Ok(())
    }
}

/// Sets one part of a schedule: what stands behind the last underscore of `name`.
fn plan(plan: &mut Plan, name: &str, value: &str) -> Option<()> {
    match name.rsplit_once('_').map(|(_, part)| part) {
        Some("folder") => plan.folder = (!value.is_empty()).then(|| value.into()),
        Some("at") => plan.at = NaiveTime::parse_from_str(value, "%H:%M").ok()?,
        Some("every") => {
            let hours = value.parse().ok().filter(|hours| DIVIDE_A_DAY.contains(hours))?;
            plan.every = Duration::from_hours(hours);
        }
        Some("keep") => plan.keep = value.parse().ok().filter(|keep| *keep > 0)?,
        _ => return None,
    }
    Some(())
}

/// Between a minute and a week.
fn minutes(value: &str) -> Option<Duration> {
    at_most(value, 10_080)
}

fn at_most(value: &str, minutes_max: u64) -> Option<Duration> {
    let minutes = value.parse().ok().filter(|minutes| (1..=minutes_max).contains(minutes));
    minutes.map(Duration::from_mins)
}

fn path(value: &str) -> Option<PathBuf> {
    (!value.is_empty()).then(|| value.into())
}

fn url(value: &str) -> Option<String> {
    let known = value.starts_with("http://") || value.starts_with("https://");
    known.then(|| value.trim_end_matches('/').to_owned())
}

/// The key that `name` was probably meant to be.
fn nearest(name: &str) -> Option<&'static str> {
    let distance = |key: &Key| edit_distance(name, key.name);
    let best = KEYS.iter().min_by_key(|key| distance(key))?;
    (distance(best) <= 2 + name.len() / 6).then_some(best.name)
}

/// How many characters have to be put in, taken out or changed to come from `from` to `to`.
fn edit_distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.toml");
        std::fs::write(&file, text).unwrap();
        let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Config::load(Some(&file), environment, &["DOORSTEP_OTHER"], &[])
    }

    #[test]
    fn the_reference_states_the_defaults() {
        let mut config = Config::default();
        for key in KEYS {
            let stated = if key.default.is_empty() { None } else { Some(key.default) };
            if let Some(default) = stated {
                config.set("reference", key.name, default).unwrap();
            }
        }
        assert_eq!(config, Config::default());
    }

    #[test]
    fn every_key_can_be_set_and_refuses_what_is_not_its_form() {
        for key in KEYS {
            let mut config = Config::default();
            let value = match key.name {
                "public_url" | "webhook_url" => "https://doorstep.example",
                _ if key.default.is_empty() => "text",
                _ => key.default,
            };
            config.set("test", key.name, value).unwrap();
            let error = config.set("test", key.name, "\0").unwrap_err().to_string();
            assert_eq!(error, format!("test: {} must be {}", key.name, key.unit));
        }
    }

    #[test]
    fn flags_win_over_the_environment_and_the_environment_over_the_file() {
        let config = load("readers = 2\nlog = \"warn\"", &[("DOORSTEP_READERS", "3")]).unwrap();
        assert_eq!((config.readers, config.log.as_str()), (3, "warn"));
        let flags = [("readers", "5".to_owned())];
        let environment = [("DOORSTEP_READERS".to_owned(), "3".to_owned())];
        assert_eq!(Config::load(None, environment, &[], &flags).unwrap().readers, 5);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = load("lisen = \"127.0.0.1:1\"", &[]).unwrap_err().to_string();
        assert!(error.ends_with("unknown key \"lisen\"; did you mean \"listen\"?"), "{error}");
        let error = load("", &[("DOORSTEP_XYZZY_PLUGH", "1")]).unwrap_err().to_string();
        assert_eq!(error, "environment, DOORSTEP_XYZZY_PLUGH: unknown key \"xyzzy_plugh\"");
        load("", &[("DOORSTEP_OTHER", "1")]).unwrap();
    }

    #[test]
    fn a_secret_is_never_printed() {
        let config = load("smtp_password = \"hunter2\"", &[]).unwrap();
        assert_eq!(config.smtp.password.reveal(), "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
        let error = load("smtp_password = [\"hunter2\"]", &[]).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }

    #[test]
    fn plain_http_towards_the_network_needs_a_named_proxy() {
        assert!(load("listen = \"0.0.0.0:8470\"", &[]).is_err());
        load("listen = \"0.0.0.0:8470\"\nbehind_proxy = true", &[]).unwrap();
        let files = "tls_certificate = \"a.pem\"\ntls_key = \"a.key\"";
        let config = load(&format!("listen = \"0.0.0.0:8470\"\n{files}"), &[]).unwrap();
        assert!(config.is_secure() && config.scheme() == "https");
        assert!(load("tls_certificate = \"a.pem\"", &[]).is_err());
        assert!(load("tls_key = \"a.key\"", &[]).is_err());
    }
}
