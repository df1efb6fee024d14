//! TLS by rustls: the certificate and its key from two files, read again when they change or when
//! somebody asks. Connections that are there keep what they began with.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::app::Signals;
use crate::attachment::key_file;
use crate::config::TlsFiles;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate cannot be read.
    #[error("cannot read the certificate in {file}: it must be PEM, the server's own first")]
    Certificate {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// There is no certificate in the file.
    #[error("there is no certificate in {file}: it must be PEM, the server's own first")]
    Empty {
        /// The file.
        file: PathBuf,
    },
    /// The key cannot be read.
    #[error("cannot read the private key in {file}: it must be PEM")]
    Key {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Others may read the key.
    #[error(transparent)]
    Open(#[from] crate::store::StoreError),
    /// Certificate and key are no pair.
    #[error("the key in {key} is not that of the certificate in {certificate}")]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
}

/// The server's certificate and key, as they were read last.
#[derive(Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    current: Arc<RwLock<Arc<ServerConfig>>>,
}

impl Tls {
    /// Reads them.
    pub fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let current = Arc::new(RwLock::new(Arc::new(load(files)?)));
        Ok(Self { files: Arc::new(files.clone()), current })
    }

    /// What the next connection is answered with.
    pub fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current))
    }

    /// Reads the files again. Where they are not sound, what was there stays.
    fn read_again(&self) {
        match load(&self.files) {
            Ok(config) => {
                let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
                *current = Arc::new(config);
                drop(current);
                tracing::info!("the certificate was read again");
            }
            Err(error) => {
                let error = crate::error_chain(&error);
                tracing::error!(error, "the new certificate cannot be used; the old one stays");
            }
        }
    }

    /// Reads the files again whenever they changed, or somebody asks.
    pub async fn keep_fresh(self, signals: Signals) {
        let mut seen = stamps(&self.files);
        loop {
            let asked = tokio::select! {
                () = signals.reload_wanted() => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
            };
            let now = stamps(&self.files);
            if asked || now != seen {
                seen = now;
                self.read_again();
            }
        }
    }
}

fn load(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let TlsFiles { certificate, key } = files;
    let unreadable = |source| TlsError::Certificate { file: certificate.clone(), source };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(unreadable)?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if chain.is_empty() {
        return Err(TlsError::Empty { file: certificate.clone() });
    }
    let no_key = |source| TlsError::Key { file: key.clone(), source };
    let own = PrivateKeyDer::from_pem_file(key).map_err(no_key)?;
    key_file::check_owner_only(key)?;
    let no_pair = |source| {
        let (certificate, key) = (certificate.clone(), key.clone());
        TlsError::Pair { certificate, key, source }
    };
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(no_pair)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, own).map_err(no_pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// By what a changed file is known: when it was written, and how long it is.
fn stamps(files: &TlsFiles) -> [Option<(SystemTime, u64)>; 2] {
    let stamp = |file: &Path| {
        let about = std::fs::metadata(file).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    [stamp(&files.certificate), stamp(&files.key)]
}
