//! `overlaps explore`: a page on this machine on which a theory is played with.
//!
//! `seats` accepts connections, a few at once; `http` reads one request from each, within limits, and writes the answer; `guard` refuses
//! whoever did not read the address that was printed; `api` asks the package `overlaps-explore` for what is answered, and `turns` ends
//! what a newer request of the same page has overtaken.

mod api;
mod guard;
mod http;
mod seats;
mod turns;

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::print;
use api::Api;
use guard::Guard;
use overlaps::system::Theory;
use overlaps_explore::Explore as Offered;

/// Play with a theory on a page of this machine: a slider for every parameter.
///
/// Prints the address of the page, which a browser on the same machine opens, and serves it until Ctrl-C. Nobody else can: the address
/// holds a random word, and nothing is reached from other machines. The page asks nothing of the network.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  overlaps explore two-phase\n  overlaps explore mine.toml curie-weiss --port 8000"
)]
pub struct Explore {
    /// Names of built-in systems, or paths of equation files: the first is shown, the others are offered beside the built-in ones.
    system: Vec<String>,
    /// Port on 127.0.0.1 [default: a free one].
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    /// Seconds after which a curve is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    time_limit: u16,
    /// Threads to use [default: all cores]; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
}

impl Explore {
    /// Prints the address and serves the page; it ends with the process, or with an error.
    ///
    /// # Errors
    /// A system that there is not, a port that is taken.
    pub fn run(&self) -> anyhow::Result<u8> {
        for name in &self.system {
            Theory::load(name)?;
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).with_context(|| {
            format!("cannot listen on 127.0.0.1:{}; leave out --port for a free port", self.port)
        })?;
        let guard = Guard::new(listener.local_addr()?.port())?;
        print(&format!("{}\n", guard.address()))?;
        eprintln!("note: open this address in a browser on this machine; Ctrl-C ends it");
        let limit = Duration::from_secs(self.time_limit.into());
        let api = Api::new(Offered::new(&self.system), limit, guard.nonce()?);
        seats::serve(&listener, move |stream, is_read| {
            http::answer(stream, &guard, is_read, |r| api.answer(r))
        });
    }
}
