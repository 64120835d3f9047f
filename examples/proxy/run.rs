//! The proxy from its start to its end.

use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};
use tower_weir::{
    stack::{Handle, Weir},
    telemetry::prometheus,
};

use super::{
    admin::{self, Admin},
    args::{Args, Command, LogFormat, parse},
    check::{check, for_terminals},
    log, serve,
    signals::{Signals, Wish},
    stack,
};

/// 0 if all went well, 1 if requests were cut off or a file that was to be checked is not good, 2 if nothing was done.
pub(crate) async fn run(arguments: lexopt::Parser) -> ExitCode {
    let outcome = match parse(arguments) {
        Ok(Command::Help) => {
            say(super::args::USAGE);
            Ok(true)
        }
        Ok(Command::Check(args)) => {
            Ok(check(&args, &mut std::io::stdout(), &mut std::io::stderr()))
        }
        Ok(Command::Run(args)) => proxy(&args).await,
        Err(message) => Err(message),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("proxy: {message}");
            ExitCode::from(2)
        }
    }
}

/// Whether all requests came to their end.
async fn proxy(args: &Args) -> Result<bool, String> {
    if args.log != LogFormat::Off {
        // It cannot be set already: this is the program's only place.
        let _ = tracing::dispatcher::set_global_default(log::lines(args.log, std::io::stderr));
    }
    // Before the weir, whose metrics would go nowhere otherwise.
    let prometheus = args.admin.map(|_| prometheus::install()).transpose();
    let prometheus = prometheus.map_err(|error| format!("no metrics: {error}"))?;
    let weir = Weir::from_toml(&args.config).map_err(|errors| {
        format!("cannot begin with this file\n{}", for_terminals(&errors).trim_end())
    })?;
    let (listener, address) = listen("listen", args.listen).await?;
    let ending = Arc::new(AtomicBool::new(false));
    let _admin = match args.admin {
        Some(address) => {
            let (listener, address) = listen("admin", address).await?;
            say(&format!("http://{address} for operators"));
            let (handle, ending) = (weir.handle(), Arc::clone(&ending));
            Some(Aborted::spawn(admin::serve(listener, Admin { handle, prometheus, ending })))
        }
        None => None,
    };
    let signals = Signals::new().map_err(|error| format!("cannot wait for signals: {error}"))?;
    let (wish, wishes) = mpsc::channel(2);
    let _obeying = Aborted::spawn(obey(signals, weir.handle(), ending, wish));
    say(&format!("http://{address} in front of http://{}", args.upstream));
    Ok(serve::serve(listener, stack::stack(args, &weir), args, wishes).await)
}

/// Does what signals wish.
async fn obey(
    mut signals: Signals,
    handle: Handle,
    ending: Arc<AtomicBool>,
    wish: mpsc::Sender<()>,
) {
    loop {
        match signals.next().await {
            Wish::End => {
                ending.store(true, Ordering::Relaxed);
                let _ = wish.send(()).await;
            }
            // What came of it is logged there.
            Wish::Reload => drop(handle.reload()),
        }
    }
}

/// A task that ends with what started it.
struct Aborted(AbortHandle);

impl Aborted {
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task).abort_handle())
    }
}

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Prints; whoever closed the pipe wants no more of it.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

async fn listen(name: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let listening = TcpListener::bind(address).await;
    let listening =
        listening.and_then(|listener| listener.local_addr().map(|address| (listener, address)));
    listening.map_err(|error| {
        let remedy = match error.kind() {
            ErrorKind::AddrInUse => "end what listens there or choose another, such as",
            ErrorKind::PermissionDenied => {
                "ports below 1024 may need privileges; choose another, such as"
            }
            _ => "choose an address of this machine, such as",
        };
        format!(
            "cannot listen on {address}: {error}; {remedy} --{name} 127.0.0.1:0 (any free port)"
        )
    })
}
