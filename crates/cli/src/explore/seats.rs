//! Connections, a few at once, each on a thread of its own.

use std::io::Read;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::http::Reply;

/// The most connections at once.
const MOST: usize = 8;
/// The stack of a thread: that of the first thread of a command.
const STACK: usize = 8 << 20;
/// How long to wait where a connection cannot be accepted or has no thread.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a request may take to come before its connection gives way to another.
const GRACE: Duration = Duration::from_millis(250);

/// A connection.
struct Seat {
    id: u64,
    stream: TcpStream,
    /// Since when its thread reads.
    since: Option<Instant>,
    /// Its request is there.
    is_read: bool,
}

/// The connections that there are. One more than there is room for takes the place of the oldest that has asked for nothing yet;
/// where all have, it is sent away.
#[derive(Default)]
struct Seats {
    taken: Mutex<Vec<Seat>>,
    count: AtomicU64,
}

impl Seats {
    fn with<T>(&self, of: impl FnOnce(&mut Vec<Seat>) -> T) -> T {
        of(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place for a connection; none if all are busy.
    fn take(&self, stream: &TcpStream) -> Option<u64> {
        let stream = stream.try_clone().ok()?;
        let id = self.count.fetch_add(1, Relaxed);
        let mut seat = Some(Seat { id, stream, since: None, is_read: false });
        loop {
            let wait = self.with(|taken| {
                if taken.len() >= MOST {
                    let idle = taken.iter().position(|seat| !seat.is_read)?;
                    let waited = taken[idle].since.map_or(Duration::ZERO, |since| since.elapsed());
                    let left = GRACE.saturating_sub(waited);
                    if !left.is_zero() {
                        return Some(left);
                    }
                    let _ = taken.remove(idle).stream.shutdown(Shutdown::Both);
                }
                taken.extend(seat.take());
                Some(Duration::ZERO)
            })?;
            if wait.is_zero() {
                return Some(id);
            }
            std::thread::sleep(wait.min(PAUSE));
        }
    }

    fn change(&self, id: u64, of: impl Fn(&mut Seat)) {
        self.with(|taken| taken.iter_mut().filter(|seat| seat.id == id).for_each(of));
    }

    fn free(&self, id: u64) {
        self.with(|taken| taken.retain(|seat| seat.id != id));
    }
}

/// Hands every connection to `handle`, which says when the request is there, until the process ends.
pub fn serve(listener: &TcpListener, handle: impl Fn(&TcpStream, &dyn Fn()) + Send + Sync + 'static) -> ! {
    let (seats, handle) = (Arc::new(Seats::default()), Arc::new(handle));
    loop {
        let Ok((stream, _)) = listener.accept() else {
            std::thread::sleep(PAUSE);
            continue;
        };
        // Answers are written in one go.
        let _ = stream.set_nodelay(true);
        let Some(id) = seats.take(&stream) else {
            send_away(&stream);
            continue;
        };
        let (own, handle) = (seats.clone(), handle.clone());
        let work = move || {
            let seat = Freed(&own, id);
            own.change(id, |seat| seat.since = Some(Instant::now()));
            handle(&stream, &|| own.change(id, |seat| seat.is_read = true));
            drop(seat);
        };
        if std::thread::Builder::new().stack_size(STACK).spawn(work).is_err() {
            seats.free(id);
            std::thread::sleep(PAUSE);
        }
    }
}

/// A place that is free again when the work is over, whichever way.
struct Freed<'s>(&'s Seats, u64);

impl Drop for Freed<'_> {
    fn drop(&mut self) {
        self.0.free(self.1);
    }
}

fn send_away(mut stream: &TcpStream) {
    let timeouts = [stream.set_read_timeout(Some(PAUSE)), stream.set_write_timeout(Some(PAUSE))];
    if timeouts.iter().all(Result::is_ok) {
        // Closed with something unread, it would be cut off before the answer is read.
        let _ = stream.read(&mut [0; 8192]);
        let busy = format!("{MOST} requests are being answered; try again in a moment");
        let _ = Reply::refusal(503, &busy).write(stream);
    }
}
