//! Whose turn it is: a page that moves a slider asks again before the answer has come, and only its newest request counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use overlaps_explore::Ended;

/// The most pages that are remembered.
const MOST_PAGES: usize = 64;

/// The number of the newest request of every page.
pub struct Turns {
    newest: Mutex<HashMap<String, Arc<AtomicU64>>>,
    limit: Duration,
}

/// The turn of one request.
pub struct Turn {
    newest: Arc<AtomicU64>,
    number: u64,
    until: Instant,
    limit: Duration,
}

impl Turns {
    /// With a limit for the time of each request.
    pub fn new(limit: Duration) -> Turns {
        Turns { newest: Mutex::default(), limit }
    }

    /// The turn of a request, which ends those of the same page with smaller numbers; none if one with a greater number has come.
    pub fn begin(&self, page: &str, number: u64) -> Option<Turn> {
        let mut all = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_PAGES && !all.contains_key(page) {
            // Pages for which nothing is computed; there are fewer connections than pages.
            all.retain(|_, newest| Arc::strong_count(newest) > 1);
        }
        let newest = all.entry(page.to_string()).or_default().clone();
        drop(all);
        let turn = Turn { number, until: Instant::now() + self.limit, limit: self.limit, newest };
        (turn.newest.fetch_max(number, SeqCst) <= number).then_some(turn)
    }
}

impl Turn {
    /// Why it is over, if it is.
    pub fn ended(&self) -> Option<Ended> {
        if self.newest.load(SeqCst) > self.number {
            return Some(Ended::Overtaken);
        }
        (Instant::now() > self.until).then_some(Ended::Late(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_request_of_a_page_ends_the_others_of_that_page() {
        let turns = Turns::new(Duration::from_secs(60));
        let first = turns.begin("a", 1).unwrap();
        let other = turns.begin("b", 1).unwrap();
        assert_eq!(first.ended(), None);
        let second = turns.begin("a", 2).unwrap();
        assert_eq!(first.ended(), Some(Ended::Overtaken));
        assert_eq!((second.ended(), other.ended()), (None, None));
        assert!(turns.begin("a", 1).is_none());
    }

    #[test]
    fn a_turn_ends_after_its_time_and_pages_are_forgotten() {
        let turns = Turns::new(Duration::ZERO);
        let turn = turns.begin("a", 1).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(turn.ended(), Some(Ended::Late(Duration::ZERO)));
        for page in 0..1000 {
            turns.begin(&page.to_string(), 1);
        }
        let known = turns.newest.lock().unwrap();
        assert!(known.len() <= MOST_PAGES && known.contains_key("a"));
    }
}
