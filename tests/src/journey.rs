//! What a journey needs: the real binary in processes of its own, an organisation in a temporary
//! folder, a server, a laptop, a manager's browser. Everything waits on lines of output; nothing
//! sleeps, and nothing is tried again.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The passphrase of every test's device.
pub const PASSPHRASE: &str = "correct horse battery";

/// The passphrase's variable.
const PASSPHRASE_VARIABLE: &str = "DOORSTEP_PASSPHRASE";

/// The built binary. It lies beside the tests' own folder: a test run of the whole workspace, or
/// `cargo build -p doorstep`, puts it there.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let folder = test.parent().and_then(Path::parent).expect("tests lie in target/*/deps");
    let binary = folder.join("doorstep");
    assert!(binary.is_file(), "{} is missing: cargo build -p doorstep", binary.display());
    binary
}

/// The project's root.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests lie in the project's root").to_owned()
}

/// The command with these arguments, and nothing of the machine's own settings.
pub fn doorstep<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DOORSTEP_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .env(PASSPHRASE_VARIABLE, PASSPHRASE)
        .env("DOORSTEP_TEST_CHEAP_VAULT", "1")
        .stdin(Stdio::null());
    command
}

/// A command that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its exit code; none where it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Ended {
    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        let fault = |error| panic!("{error} in {self:#?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(fault)
    }

    /// Itself, where it ended well.
    #[must_use]
    pub fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command to its end.
pub fn run(mut command: Command) -> Ended {
    command.output().expect("the binary can be started").into()
}

/// An organisation with the sample caseload, in a temporary folder.
pub struct Organisation {
    folder: TempDir,
}

impl Organisation {
    /// Makes it.
    pub fn with_sample_caseload() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a test");
        let organisation = Self { folder };
        let _ = organisation.admin(["init", "Ficton"]).well();
        let _ = organisation.import(&sample_files(), &[]).well();
        organisation
    }

    /// A folder beside its data, for devices and files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("office")
    }

    /// Runs `doorstep admin` on it.
    pub fn admin<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        run(self.admin_command(arguments))
    }

    fn admin_command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = doorstep(["admin"]);
        command.args(arguments).arg("--data").arg(self.data());
        command
    }

    /// Imports files.
    pub fn import(&self, files: &[PathBuf], flags: &[&str]) -> Ended {
        let mut command = self.admin_command(["import"]);
        command.args(files).args(flags);
        run(command)
    }

    /// A one-time code for a device of this person.
    pub fn device_code(&self, person: &str) -> String {
        let issued = self.admin(["device-code", person, "--json"]).well().json();
        issued["code"].as_str().expect("a code is a text").to_owned()
    }

    /// The escalations that have not ended, of one child.
    pub fn escalations(&self, child: &str) -> Vec<Value> {
        let listed = self.admin(["list", "escalations", "--json"]).well().json();
        let lines = listed.as_array().expect("a list is a list").clone();
        lines.into_iter().filter(|line| line["child"] == child).collect()
    }

    /// Gives a person an account for the console.
    pub fn account(&self, person: &str, login: &str, password: &str) {
        let mut command = self.admin_command(["account", person, "--login", login]);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = command.spawn().expect("the binary can be started");
        let mut stdin = process.stdin.take().expect("its input is a pipe");
        writeln!(stdin, "{password}").expect("the password is read");
        drop(stdin);
        assert!(process.wait().expect("it ends").success());
    }

    /// Checks every record, chain and signature, and judges every child again.
    pub fn verify(&self) -> Value {
        let mut command = doorstep(["verify", "--json"]);
        command.arg("--data").arg(self.data());
        run(command).well().json()
    }

    /// Backs it up to a new file of this name beside its data.
    pub fn back_up(&self, name: &str) -> PathBuf {
        let file = self.folder().join(name);
        let mut command = doorstep(["backup"]);
        command.arg(&file).arg("--data").arg(self.data());
        let _ = run(command).well();
        file
    }

    /// Puts a backup into its data folder, which must be gone.
    pub fn restore(&self, file: &Path) {
        let mut command = doorstep(["restore"]);
        command.arg(file).arg("--data").arg(self.data());
        let _ = run(command).well();
    }

    /// Starts its server.
    pub fn serve(&self) -> Server {
        Server::start(&self.data())
    }

    /// Starts its server with these settings as environment; what it logs is in the file.
    pub fn serve_talking(&self, settings: &[(&str, &str)]) -> (Server, PathBuf) {
        let log = self.folder().join("server.log");
        let file = fs::File::create(&log).expect("there is room for a log");
        let mut command = Server::command(&self.data());
        command.envs(settings.iter().copied()).stderr(file);
        (Server::run(command, "Listening on ").0, log)
    }

    /// Makes a laptop, enrols it for this person and fetches the caseload.
    pub fn laptop(&self, server: &Server, person: &str) -> Laptop {
        let laptop = Laptop { dir: self.folder().join(format!("laptop-{person}")) };
        let _ = laptop.device(["init"]).well();
        let code = self.device_code(person);
        let _ = laptop.device(["enrol", &code, "--server", &server.url]).well();
        let _ = laptop.device(["sync"]).well();
        laptop
    }
}

/// The files of the sample caseload.
pub fn sample_files() -> Vec<PathBuf> {
    let folder = root().join("docs/examples/caseload");
    let file = |name: &str| folder.join(name);
    ["teams.csv", "staff.csv", "children.csv", "allocations.csv"].map(file).to_vec()
}

/// A device on a laptop.
pub struct Laptop {
    /// Its folder.
    pub dir: PathBuf,
}

impl Laptop {
    /// A `doorstep device` command on it.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = doorstep(["device", "--dir"]);
        command.arg(&self.dir).args(arguments);
        command
    }

    /// Runs `doorstep device` on it.
    pub fn device<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        run(self.command(arguments))
    }

    /// Opens the practitioner's pages of it, and what opens them: the path of the link.
    pub fn serve(&self) -> (Server, String) {
        let command = self.command(["serve", "--listen", "127.0.0.1:0"]);
        let (mut pages, link) = Server::run(command, "Open in a browser on this machine: ");
        let place = link.find("/open/").expect("the link opens the pages");
        link[..place].clone_into(&mut pages.url);
        (pages, link[place..].to_owned())
    }

    /// Its encrypted file.
    pub fn file(&self) -> PathBuf {
        self.dir.join("device.db")
    }

    /// The records made on it, the newest first.
    pub fn records(&self) -> Vec<Value> {
        let listed = self.device(["list", "--limit", "100000", "--json"]).well().json();
        listed.as_array().expect("a list is a list").clone()
    }
}

/// A server in a process of its own. Killed when dropped.
pub struct Server {
    process: Child,
    stdout: BufReader<ChildStdout>,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Starts one and waits until it says where it listens.
    pub fn start(data: &Path) -> Self {
        Self::run(Self::command(data), "Listening on ").0
    }

    fn command(data: &Path) -> Command {
        let mut command = doorstep(["serve", "--listen", "127.0.0.1:0", "--data"]);
        command.arg(data).env("DOORSTEP_LOG", "error");
        command
    }

    /// Starts a command that serves until it is asked to stop; what its first line says behind
    /// `before`.
    fn run(mut command: Command, before: &str) -> (Self, String) {
        let mut process =
            command.stdout(Stdio::piped()).spawn().expect("the binary can be started");
        let stdout = process.stdout.take().expect("its output is a pipe");
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).expect("its output is text");
        let said = line.trim().strip_prefix(before);
        let said = said.unwrap_or_else(|| panic!("it said {line:?}")).to_owned();
        (Self { process, stdout, url: said.clone() }, said)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it without warning (SIGKILL) and waits until it is gone.
    pub fn kill(mut self) {
        self.process.kill().expect("the server runs");
        self.process.wait().expect("the server ends");
    }

    /// Asks it to stop, as Ctrl-C or the system does; what it printed to its end, and whether it
    /// ended well.
    pub fn stop(mut self) -> (String, bool) {
        let id = self.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("the system has kill").success());
        let mut said = String::new();
        while self.stdout.read_line(&mut said).expect("its output is text") > 0 {}
        (said, self.process.wait().expect("the server ends").success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A client of its own. Its connections live on the runtime that first uses it, and on no other.
pub fn client() -> reqwest::Client {
    // The tests reach only this machine, without TLS; a client wants a provider all the same.
    // A second installation is refused, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("a client can be built")
}

/// A manager's browser, as far as a journey needs one.
pub struct Browser {
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
    base: String,
    cookies: Vec<(String, String)>,
}

/// A form as browsers send it.
const FORM: &str = "application/x-www-form-urlencoded";
/// How one's own password goes on where the first one ends.
const OF_ONES_OWN: &str = "-of-my-own";

/// What a server answered.
pub struct Answered {
    /// The status.
    pub status: u16,
    /// What kind of body it is.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Browser {
    /// A browser that is not signed in.
    pub fn new(server: &Server) -> Self {
        Self {
            http: client(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be built"),
            base: server.url.clone(),
            cookies: Vec::new(),
        }
    }

    /// Signs in to the console.
    #[must_use]
    pub fn signed_in(mut self, login: &str, password: &str) -> Self {
        let form = self.get("/sign-in").body;
        let csrf = hidden_field(&form, "csrf").expect("the form has a token");
        let typed = format!("csrf={csrf}&login={login}&password={password}");
        let answered = self.post("/sign-in", FORM, typed.into());
        if answered.status == 422 && !password.ends_with(OF_ONES_OWN) {
            return self.signed_in(login, &format!("{password}{OF_ONES_OWN}"));
        }
        assert_eq!(answered.status, 303, "{}", answered.body);
        self.chooses_own_password(password);
        self
    }

    /// Where the password is a first one, sets one's own, as everybody has to.
    fn chooses_own_password(&mut self, password: &str) {
        let page = self.get("/account").body;
        if !page.contains("Choose your own password") {
            return;
        }
        let csrf = hidden_field(&page, "csrf").expect("the form has a token");
        let typed = format!("csrf={csrf}&now={password}&new={password}{OF_ONES_OWN}");
        let changed = self.post("/account/password", FORM, typed.into());
        assert_eq!(changed.status, 303, "{}", changed.body);
    }

    /// Asks for a page.
    pub fn get(&mut self, path: &str) -> Answered {
        let request = self.http.get(format!("{}{path}", self.base));
        self.send(request)
    }

    /// Sends a body.
    pub fn post(&mut self, path: &str, content_type: &str, body: Vec<u8>) -> Answered {
        let request = self.posting(path, content_type, body);
        self.send(request)
    }

    /// Sends a body as the device with this token.
    pub fn post_as(
        &mut self,
        token: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Answered {
        let request = self.posting(path, content_type, body).bearer_auth(token);
        self.send(request)
    }

    fn posting(&self, path: &str, content_type: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.base));
        request.header("content-type", content_type).header("origin", &self.base).body(body)
    }

    fn send(&mut self, request: reqwest::RequestBuilder) -> Answered {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", cookies.join("; "));
        let response = self.runtime.block_on(request.send()).expect("the server answers");
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie is text");
            let pair = cookie.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        Answered {
            status: response.status().as_u16(),
            content_type: content_type.to_owned(),
            body: self.runtime.block_on(response.text()).expect("the body arrives"),
        }
    }
}

/// The value of a hidden field of a form.
pub fn hidden_field(page: &str, name: &str) -> Option<String> {
    let at = page.find(&format!("name=\"{name}\""))?;
    let rest = &page[at..];
    let value = &rest[rest.find("value=\"")? + 7..];
    value.split('"').next().map(str::to_owned)
}

/// The bytes of a file.
pub fn bytes(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
