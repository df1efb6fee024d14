//! The story's server: this same program, in a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::failure::{Failure, OrFail as _, Outcome};

/// A server that is running. It is ended when this is dropped.
pub struct Server {
    process: Child,
    url: String,
}

impl Server {
    /// Starts one on a free port of this machine and waits until it says where it listens.
    pub fn start(data: &Path) -> Outcome<Self> {
        let program = std::env::current_exe().or_no("cannot find this program itself")?;
        let mut process = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("DOORSTEP_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .or_no("cannot start a server")?;
        let stdout = process.stdout.take().map(BufReader::new);
        let mut line = String::new();
        if let Some(mut stdout) = stdout {
            stdout.read_line(&mut line).or_no("cannot hear the server")?;
        }
        let Some(url) = line.trim().strip_prefix("Listening on ").map(str::to_owned) else {
            let _ = process.kill();
            let _ = process.wait();
            return Err(Failure::No("the story's server did not start".to_owned()));
        };
        Ok(Self { process, url })
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Ends it without warning, as a power cut would.
    pub fn kill(mut self) -> Outcome {
        self.process.kill().or_no("cannot end the server")?;
        self.process.wait().or_no("cannot end the server")?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
