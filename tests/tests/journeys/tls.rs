//! The server ends TLS itself: with a certificate that its devices know, a new one without a
//! restart, and never with a key that others may read.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use doorstep_tests::journey::{Organisation, Server, doorstep, run};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::header::{SET_COOKIE, STRICT_TRANSPORT_SECURITY};

/// An authority of one's own, such as a council has.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    /// Puts a certificate for this machine, and its key, into a folder.
    fn issue(&self, folder: &Path) -> Files {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = Files { certificate: folder.join("server.pem"), key: folder.join("tls.key") };
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
        files
    }

    /// A client that trusts this authority and no other.
    fn client(&self) -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authority = reqwest::Certificate::from_pem(self.certificate.pem().as_bytes()).unwrap();
        let builder = reqwest::Client::builder().tls_certs_only([authority]);
        builder.redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn settings(&self) -> [(&'static str, &str); 2] {
        [
            ("DOORSTEP_TLS_CERTIFICATE", self.certificate.to_str().unwrap()),
            ("DOORSTEP_TLS_KEY", self.key.to_str().unwrap()),
        ]
    }
}

async fn get(client: &reqwest::Client, server: &Server, path: &str) -> reqwest::Result<u16> {
    Ok(client.get(format!("{}{path}", server.url)).send().await?.status().as_u16())
}

/// Waits until the server's log has said this so many times.
fn until_logged(log: &Path, words: &str, times: usize) {
    let mut follow = Command::new("tail");
    let follow = follow.args(["-n", "+1", "-F"]).arg(log).stdout(Stdio::piped());
    let mut follow = follow.stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).filter(|line| line.contains(words));
    assert_eq!(said.take(times).count(), times, "{words}");
    follow.kill().unwrap();
    follow.wait().unwrap();
}

#[tokio::test]
async fn pages_and_devices_come_by_tls_and_cookies_stay_on_it() {
    let organisation = Organisation::with_sample_caseload();
    let authority = Authority::new();
    let files = authority.issue(organisation.folder());
    let (server, _) = organisation.serve_talking(&files.settings());
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);

    let client = authority.client();
    let page = client.get(format!("{}/sign-in", server.url)).send().await.unwrap();
    assert_eq!(page.headers()[STRICT_TRANSPORT_SECURITY], "max-age=63072000");
    let cookie = page.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with("__Host-") && cookie.contains("; Secure"), "{cookie}");
    let strange = Authority::new().client();
    assert!(get(&strange, &server, "/sign-in").await.unwrap_err().is_connect());
    let plain = server.url.replace("https://", "http://");
    assert!(client.get(format!("{plain}/sign-in")).send().await.is_err());

    // A device that trusts the authority works; one that does not says so.
    let trusted = organisation.folder().join("authority.pem");
    fs::write(&trusted, authority.certificate.pem()).unwrap();
    let dir = organisation.folder().join("laptop");
    let device = |arguments: &[&str]| {
        let mut command = doorstep(["device", "--dir"]);
        command.arg(&dir).args(arguments);
        run(command)
    };
    let _ = device(&["init"]).well();
    let code = organisation.device_code("S-105");
    let refused = device(&["enrol", &code, "--server", &server.url]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("certificate"), "{refused:?}");
    let trusting = ["enrol", &code, "--server", &server.url, "--ca", trusted.to_str().unwrap()];
    let _ = device(&trusting).well();
    let synced = device(&["sync", "--json"]).well().json();
    assert_eq!(synced["synced"]["children"], 6, "{synced}");
    let _ = device(&["record", "--child", "amber", "--form", "doorstep"]).well();
    let synced = device(&["sync", "--json"]).well().json();
    assert_eq!(synced["synced"]["sent"], 1, "{synced}");
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_without_a_restart_and_a_faulty_one_is_not() {
    let organisation = Organisation::with_sample_caseload();
    let (first, second, third) = (Authority::new(), Authority::new(), Authority::new());
    let files = first.issue(organisation.folder());
    let settings = [&files.settings()[..], &[("DOORSTEP_LOG", "info")]].concat();
    let (server, log) = organisation.serve_talking(&settings);
    let held = first.client();
    assert_eq!(get(&held, &server, "/healthz").await.unwrap(), 200);

    // It notices by itself.
    second.issue(organisation.folder());
    until_logged(&log, "the certificate was read again", 1);
    assert_eq!(get(&second.client(), &server, "/healthz").await.unwrap(), 200);
    assert!(get(&first.client(), &server, "/healthz").await.is_err());
    assert_eq!(get(&held, &server, "/healthz").await.unwrap(), 200, "what is open stays open");

    // A pair that is none: what was there stays.
    fs::write(&files.key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let hang_up = |server: &Server| {
        let asked = Command::new("kill").args(["-HUP", &server.id().to_string()]).status();
        assert!(asked.unwrap().success());
    };
    hang_up(&server);
    until_logged(&log, "the new certificate cannot be used", 1);
    assert_eq!(get(&second.client(), &server, "/healthz").await.unwrap(), 200);

    third.issue(organisation.folder());
    hang_up(&server);
    until_logged(&log, "the certificate was read again", 2);
    let (_, well) = server.stop();
    assert!(well);
}

#[test]
fn a_key_that_others_may_read_or_that_does_not_fit_starts_nothing() {
    let organisation = Organisation::with_sample_caseload();
    let authority = Authority::new();
    let files = authority.issue(organisation.folder());
    let start = || {
        let mut command = doorstep(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(organisation.data()).envs(files.settings());
        let refused = run(command);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        refused.stderr
    };
    fs::set_permissions(&files.key, Permissions::from_mode(0o644)).unwrap();
    assert!(start().contains("others may read it"));
    fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
    let other = KeyPair::generate().unwrap().serialize_pem();
    fs::write(&files.key, other).unwrap();
    assert!(start().contains("is not that of the certificate"));
    fs::write(&files.certificate, "nothing").unwrap();
    assert!(start().contains("there is no certificate in"));
    fs::remove_file(&files.key).unwrap();
    authority.issue(organisation.folder());
    fs::remove_file(&files.certificate).unwrap();
    assert!(start().contains("cannot read the certificate"));
}
