//! A file inside the page: a data URI, so that nothing is fetched when the page is read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The largest table that is put into a page to be saved from there. In base64 it stays below 2 MB, the longest address
/// that Chromium follows.
pub const LARGEST_TABLE: u64 = 1_500_000;
/// The largest figure.
pub const LARGEST_FIGURE: u64 = 8_000_000;
/// The largest side file and the largest text that are read.
pub const LARGEST_TEXT: u64 = 16_000_000;
/// How much of each kind a page holds at most.
const ROOM: u64 = 40_000_000;

/// The room that is left in a page.
#[derive(Debug, Clone)]
pub struct Room {
    left: u64,
}

impl Default for Room {
    fn default() -> Self {
        Room { left: ROOM }
    }
}

impl Room {
    /// Takes room for so many bytes, if it is there.
    pub fn take(&mut self, bytes: u64) -> bool {
        let fits = bytes <= self.left;
        if fits {
            self.left -= bytes;
        }
        fits
    }
}

/// The content of a file as an address.
pub fn data_uri(kind: &str, content: &[u8]) -> String {
    let mut uri = format!("data:{kind};base64,");
    STANDARD.encode_string(content, &mut uri);
    uri
}

/// A number of bytes, to read.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", (bytes + 500) / 1_000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_table_stays_below_the_longest_address_of_a_browser() {
        let uri = data_uri("text/csv;charset=utf-8", &vec![b'x'; LARGEST_TABLE as usize]);
        assert!(uri.len() < 2 * 1024 * 1024, "{}", uri.len());
    }

    #[test]
    fn room_is_taken_until_there_is_none() {
        let mut room = Room::default();
        assert!(room.take(ROOM - 1) && !room.take(2) && room.take(1) && !room.take(1));
    }

    #[test]
    fn sizes_are_short() {
        assert_eq!([999, 56_185, 1_500_000].map(size), ["999 bytes", "56 kB", "1.5 MB"]);
    }
}
