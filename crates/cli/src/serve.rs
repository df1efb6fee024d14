//! `doorstep serve`: the server in this process, until it is asked to stop.

use std::io::IsTerminal as _;

use clap::Args;
use doorstep_sync_server::serve::{ServeError, prepare, serve_state};
use doorstep_sync_server::{Ambient, Config, Signals};
use tokio::signal;
use tracing_subscriber::EnvFilter;

use crate::failure::{Failure, OrFail as _, Outcome, chain};
use crate::out::Out;
use crate::settings::Settings;

/// Run the server until Ctrl-C
#[derive(Args, Clone, Debug)]
#[command(after_help = help())]
pub struct ServeArgs {
    #[command(flatten)]
    settings: Settings,
    /// Where to listen [default: 127.0.0.1:8470; port 0 picks one]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

/// Every key of the configuration, as `--help` lists them.
fn help() -> String {
    let mut text = "The file given with --config is TOML. Every key can be set by environment \
                    too, in capitals behind DOORSTEP_; flags win over the environment, the \
                    environment over the file.\n\nKeys:"
        .to_owned();
    for key in Config::reference() {
        let default = if key.default.is_empty() { "nothing" } else { key.default };
        text = format!(
            "{text}\n  {} ({}; default {default})\n      {}",
            key.name, key.unit, key.meaning
        );
    }
    text
}

/// Runs it.
pub fn run(args: &ServeArgs, out: &mut Out) -> Outcome {
    let flags: Vec<_> = args.listen.iter().map(|listen| ("listen", listen.clone())).collect();
    let config = args.settings.load(&flags)?;
    log(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .or_no("cannot prepare the server")?;
    let (stop, asked) = tokio::sync::oneshot::channel();
    runtime.spawn(async move {
        asked_to_stop().await;
        let _ = stop.send(());
    });
    let data = config.data.display().to_string();
    let scheme = config.scheme();
    let failed = |error: ServeError| Failure::No(chain(&error));
    let state = runtime.block_on(prepare(config, Ambient::system())).map_err(failed)?;
    runtime.spawn(read_again_when_asked(state.signals.clone()));
    let mut told = Ok(());
    let served = runtime.block_on(serve_state(
        state,
        async move {
            let _ = asked.await;
        },
        |address| told = tell(out, &format!("{scheme}://{address}"), &data),
    ));
    told?;
    served.map_err(failed)?;
    out.line("Stopped.")
}

fn tell(out: &mut Out, address: &str, data: &str) -> Outcome {
    out.line(format!("Listening on {address}"))?;
    out.line(format!("Console:  {address}/"))?;
    out.line(format!("Data:     {data}"))?;
    out.line("Stop with Ctrl-C.")
}

/// Logs go to standard error: for people on a terminal, one JSON object a line elsewhere.
fn log(filter: &str) -> Outcome {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::Misused(format!("log: {error}; try info")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    installed.map_err(|error| Failure::No(format!("cannot write a log: {error}")))
}

/// Has what lies in files, such as the certificate, read again at each SIGHUP.
#[cfg(unix)]
async fn read_again_when_asked(signals: Signals) {
    let Ok(mut hung_up) = signal::unix::signal(signal::unix::SignalKind::hangup()) else { return };
    while hung_up.recv().await.is_some() {
        signals.reload();
    }
}

#[cfg(not(unix))]
async fn read_again_when_asked(_signals: Signals) {}

/// Returns once somebody asks the server to stop: Ctrl-C, or the system.
#[cfg(unix)]
pub async fn asked_to_stop() {
    let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) else {
        let _ = signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
pub async fn asked_to_stop() {
    let _ = signal::ctrl_c().await;
}
