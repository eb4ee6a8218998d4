//! Who is answered: the browser that was given the address, and pages that came from here.
//!
//! The port is open to every program and every web page on this machine. A program of another user does not know the random word
//! ([`Guard::address`]); a web page from elsewhere does not either, and shows itself by its `Origin`; a name that was made to point to
//! 127.0.0.1 (rebinding) shows itself by its `Host`.

use anyhow::anyhow;

use super::http::{Head, Reply};

/// The header in which the page sends the random word.
pub const HEADER: &str = "X-Overlaps-Token";

/// The random word of this start, and under which names it is reached.
pub struct Guard {
    token: String,
    hosts: [String; 2],
}

impl Guard {
    /// A new random word for a port.
    ///
    /// # Errors
    /// A system without random numbers.
    pub fn new(port: u16) -> anyhow::Result<Guard> {
        let hosts = ["127.0.0.1", "localhost"].map(|name| format!("{name}:{port}"));
        Ok(Guard { token: random_word()?, hosts })
    }

    /// What the browser opens.
    pub fn address(&self) -> String {
        format!("http://{}/?token={}", self.hosts[0], self.token)
    }

    /// A word that marks the script and the style of the page as its own.
    ///
    /// # Errors
    /// A system without random numbers.
    pub fn nonce(&self) -> anyhow::Result<String> {
        random_word()
    }

    /// Refuses a request before any more of it is read.
    ///
    /// # Errors
    /// The answer to a stranger, which says only what was missing.
    pub fn check(&self, head: &Head) -> Result<(), Reply> {
        let refused = |why: &str| Err(Reply::refusal(403, why));
        let Some(host) = head.host.as_ref().filter(|host| self.hosts.contains(host)) else {
            return refused("this page is reached as 127.0.0.1 or localhost only");
        };
        if head.origin.as_ref().is_some_and(|origin| *origin != format!("http://{host}")) {
            return refused("requests come from the page itself only");
        }
        let shown = match head.path.as_str() {
            "/" => head.query.strip_prefix("token=").map(str::to_string),
            _ => head.token.clone(),
        };
        match shown.is_some_and(|shown| is_same(shown.as_bytes(), self.token.as_bytes())) {
            true => Ok(()),
            false => refused("open the address that `overlaps explore` has printed, with its token"),
        }
    }
}

/// 128 random bits, as letters and digits.
fn random_word() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no random numbers from the system: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two words are the same, in a time that does not tell where they differ.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |differ, (a, b)| std::hint::black_box(differ | (a ^ b)));
    one.len() == other.len() && differ == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str, query: &str, token: Option<&str>, host: Option<&str>, origin: Option<&str>) -> Head {
        let text = |word: Option<&str>| word.map(str::to_string);
        Head {
            method: "GET".into(),
            path: path.into(),
            query: query.into(),
            host: text(host),
            origin: text(origin),
            token: text(token),
            ..Head::default()
        }
    }

    #[test]
    fn only_who_knows_the_word_and_comes_from_the_page_is_answered() {
        let guard = Guard::new(8000).unwrap();
        let token = guard.address().split_once("token=").unwrap().1.to_string();
        let (own, page) = (Some(token.as_str()), format!("token={token}"));
        let here = Some("127.0.0.1:8000");
        let fine = [
            head("/", &page, None, here, None),
            head("/api/solve", "", own, here, Some("http://127.0.0.1:8000")),
            head("/api/solve", "", own, Some("localhost:8000"), Some("http://localhost:8000")),
        ];
        for head in fine {
            assert!(guard.check(&head).is_ok(), "{head:?}");
        }
        let short = Some(&token[..31]);
        let refused = [
            head("/", "", own, here, None),
            head("/", &page[..20], None, here, None),
            head("/", &format!("{page}0"), None, here, None),
            head("/api/solve", &page, None, here, None),
            head("/api/solve", "", short, here, None),
            head("/api/solve", "", own, None, None),
            head("/api/solve", "", own, Some("127.0.0.1"), None),
            head("/api/solve", "", own, Some("127.0.0.1:8001"), None),
            head("/api/solve", "", own, Some("example.org:8000"), None),
            head("/api/solve", "", own, here, Some("http://example.org")),
            head("/api/solve", "", own, here, Some("null")),
            head("/api/solve", "", own, here, Some("https://127.0.0.1:8000")),
            head("/api/solve", "", own, here, Some("http://localhost:8000")),
        ];
        for head in refused {
            assert!(guard.check(&head).is_err(), "{head:?}");
        }
    }

    #[test]
    fn every_start_has_another_word() {
        let words = [0; 3].map(|_| Guard::new(1).unwrap().token);
        assert!(words[0] != words[1] && words[1] != words[2] && words.iter().all(|word| word.len() == 32));
    }
}
