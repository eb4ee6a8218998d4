//! A file inside the page: a data URI, so that nothing is fetched when the page is read.

use std::fmt::Write;
use std::path::{Component, Path};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The largest table that is put into a page to be saved from there. Larger ones would be most of the page, and are linked.
pub const LARGEST_TABLE: u64 = 50_000;
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

/// The content of a file of text as an address: a quarter shorter than that of any file, and legible.
pub fn text_uri(kind: &str, content: &str) -> String {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"\"#%&'<>".contains(&byte);
    format!("data:{kind},{}", escaped(content, plain))
}

/// The content of any file as an address.
pub fn data_uri(kind: &str, content: &[u8]) -> String {
    let mut uri = format!("data:{kind};base64,");
    STANDARD.encode_string(content, &mut uri);
    uri
}

/// The address of a file for a page in this folder; none where no path leads from one to the other.
pub fn address(folder: &Path, file: &Path) -> Option<String> {
    let (folder, file) = (folder.canonicalize().ok()?, file.canonicalize().ok()?);
    let (mut up, mut down) = (folder.components().peekable(), file.components().peekable());
    if up.peek() != down.peek() {
        return None;
    }
    while up.peek().is_some() && up.peek() == down.peek() {
        (_, _) = (up.next(), down.next());
    }
    let names = down.map(Component::as_os_str).map(|name| encoded(&name.to_string_lossy()));
    let names: Vec<String> = up.map(|_| "..".to_owned()).chain(names).collect();
    Some(names.join("/"))
}

/// A name as a part of an address.
fn encoded(name: &str) -> String {
    escaped(name, |byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

/// A text whose other bytes are given by their numbers.
fn escaped(text: &str, plain: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 4);
    for byte in text.bytes() {
        if plain(byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
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
    fn an_address_leads_from_the_page_to_the_file() {
        let here = tempfile::TempDir::new().unwrap();
        let (inner, other) = (here.path().join("a b"), here.path().join("pages"));
        let file = inner.join("ω:1.csv");
        for folder in [&inner, &other] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(&file, "t\n").unwrap();
        assert_eq!(address(&inner, &file).unwrap(), "%CF%89%3A1.csv");
        assert_eq!(address(here.path(), &file).unwrap(), "a%20b/%CF%89%3A1.csv");
        assert_eq!(address(&other, &file).unwrap(), "../a%20b/%CF%89%3A1.csv");
        assert_eq!(address(&here.path().join("nowhere"), &file), None);
    }

    #[test]
    fn text_is_legible_in_its_address() {
        assert_eq!(text_uri("text/csv", "a, b\n0.5,\"η\"\n"), "data:text/csv,a, b%0A0.5,%22%CE%B7%22%0A");
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
