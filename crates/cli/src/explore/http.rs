//! One request of HTTP/1.1 on a connection, and its answer, after which the connection is closed. Nothing is read without a limit in
//! bytes and in time; `httparse` reads what is in the head.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::guard::{Guard, HEADER};
use overlaps_explore::Answer;

/// The most bytes before the body.
const LONGEST_HEAD: usize = 16 << 10;
/// The most headers.
const MOST_HEADERS: usize = 64;
/// The most bytes of a body.
pub const LONGEST_BODY: usize = 1 << 20;
/// How long the head of a request may take, its body, and an answer.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
const BODY_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How much of a refused request is read, and for how long: who is still writing would not read the answer.
const DRAINED: usize = 32 << 20;
const DRAINED_WITHIN: Duration = Duration::from_secs(2);

/// What a request says before its body.
#[derive(Debug, Clone, Default)]
pub struct Head {
    /// GET, POST, …
    pub method: String,
    /// Without what stands behind `?`.
    pub path: String,
    /// What stands behind `?`.
    pub query: String,
    /// The name by which it was reached.
    pub host: Option<String>,
    /// The page that it comes from.
    pub origin: Option<String>,
    /// The random word.
    pub token: Option<String>,
    /// How many bytes follow.
    pub length: usize,
    /// Whether it waits to be told that it may send them.
    pub waits: bool,
}

/// A request that may be answered.
#[derive(Debug)]
pub struct Request {
    /// What it says before its body.
    pub head: Head,
    /// Its body.
    pub body: Vec<u8>,
}

/// An answer and its headers.
#[derive(Debug)]
pub struct Reply {
    answer: Answer,
    headers: Vec<(&'static str, String)>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Reply {
        Reply { answer, headers: Vec::new() }
    }
}

impl Reply {
    /// Why there is none, in words.
    pub fn refusal(status: u16, why: &str) -> Reply {
        Answer::refusal(status, why).into()
    }

    /// With another header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    /// Writes it.
    ///
    /// # Errors
    /// A reader that has gone.
    pub fn write(&self, mut stream: impl Write) -> io::Result<()> {
        let Answer { status, kind, body } = &self.answer;
        let reason = match status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            409 => "Conflict",
            411 => "Length Required",
            413 => "Content Too Large",
            422 => "Unprocessable Content",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        let mut head = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
             X-Frame-Options: DENY\r\nCross-Origin-Resource-Policy: same-origin\r\n\
             Cross-Origin-Opener-Policy: same-origin\r\n",
            body.len()
        );
        if !self.headers.iter().any(|(name, _)| *name == "Content-Security-Policy") {
            head += "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        stream.write_all(&[head.as_bytes(), body].concat())?;
        stream.flush()
    }
}

/// Reads a request from a connection, has it answered, and writes the answer. `is_read` is told when the request is there.
pub fn answer(
    stream: &TcpStream,
    guard: &Guard,
    is_read: &dyn Fn(),
    answered: impl FnOnce(&Request) -> Reply,
) {
    let answer = match read(stream, guard) {
        Ok(Some(request)) => {
            is_read();
            answered(&request)
        }
        // Nothing was asked: browsers open connections before they need them.
        Ok(None) => return,
        Err(refusal) => refusal,
    };
    let _ = stream.set_write_timeout(Some(ANSWER_WITHIN));
    if answer.write(stream).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
        drain(stream);
    }
}

/// A request that passes the guard; none where the connection was closed without one.
fn read(stream: &TcpStream, guard: &Guard) -> Result<Option<Request>, Reply> {
    let until = Instant::now() + HEAD_WITHIN;
    let mut bytes = Vec::new();
    let (head, start) = loop {
        if let Some(found) = parse(&bytes)? {
            break found;
        }
        if bytes.len() >= LONGEST_HEAD {
            return Err(Reply::refusal(431, "the head of the request is too long"));
        }
        let room = LONGEST_HEAD - bytes.len();
        if read_some(stream, &mut bytes, room, until)? == 0 {
            return match bytes.is_empty() {
                true => Ok(None),
                false => Err(Reply::refusal(400, "the request ends before its head does")),
            };
        }
    };
    guard.check(&head)?;
    if head.length > LONGEST_BODY {
        return Err(Reply::refusal(413, &format!("a request is at most {LONGEST_BODY} bytes long")));
    }
    let mut body = bytes.split_off(start);
    if head.waits && body.len() < head.length {
        let _ = (&mut &*stream).write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    let until = Instant::now() + BODY_WITHIN;
    while body.len() < head.length {
        let room = head.length - body.len();
        if read_some(stream, &mut body, room, until)? == 0 {
            return Err(Reply::refusal(400, "the request ends before its body does"));
        }
    }
    body.truncate(head.length);
    Ok(Some(Request { head, body }))
}

/// Reads what has come, up to so many bytes; 0 at the end.
fn read_some(
    mut stream: &TcpStream,
    bytes: &mut Vec<u8>,
    room: usize,
    until: Instant,
) -> Result<usize, Reply> {
    let late = || Reply::refusal(408, "the request takes too long to come");
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
        return Err(late());
    }
    let mut buffer = [0; 8192];
    let most = room.min(buffer.len());
    match stream.read(&mut buffer[..most]) {
        Ok(count) => {
            bytes.extend_from_slice(&buffer[..count]);
            Ok(count)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => read_some(stream, bytes, room, until),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Err(late())
        }
        // It was closed, here or there.
        Err(_) => Ok(0),
    }
}

/// The head of a request and where its body starts; none if more of it is to come.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Reply> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let start = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(start)) => start,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Reply::refusal(431, "the request has too many headers"));
        }
        Err(error) => return Err(Reply::refusal(400, &format!("this is no request of HTTP: {error}"))),
    };
    let target = parsed.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut head = Head {
        method: parsed.method.unwrap_or_default().into(),
        path: path.into(),
        query: query.into(),
        ..Head::default()
    };
    let mut length = None;
    for header in parsed.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        let refused = |why: &str| Err(Reply::refusal(400, &format!("{}: {why}", header.name)));
        let Ok(value) = std::str::from_utf8(header.value) else { return refused("not UTF-8") };
        let place = if is("Host") {
            &mut head.host
        } else if is("Origin") {
            &mut head.origin
        } else if is(HEADER) {
            &mut head.token
        } else if is("Content-Length") {
            &mut length
        } else {
            head.waits |= is("Expect") && value.eq_ignore_ascii_case("100-continue");
            if is("Transfer-Encoding") {
                return Err(Reply::refusal(411, "a request says how long it is by Content-Length"));
            }
            continue;
        };
        if place.replace(value.trim().to_string()).is_some() {
            return refused("stands twice in the request");
        }
    }
    if let Some(length) = length {
        let number = Some(&length).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|text| text.parse().ok());
        head.length = number.ok_or_else(|| Reply::refusal(400, "Content-Length: not a number of bytes"))?;
    }
    Ok(Some((head, start)))
}

/// Reads and forgets what is still on its way.
fn drain(mut stream: &TcpStream) {
    let until = Instant::now() + DRAINED_WITHIN;
    let (mut buffer, mut count) = ([0; 8192], 0);
    while count < DRAINED {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return;
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(more) => count += more,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> u16 {
        parse(text.as_bytes()).err().map_or(200, |refusal| refusal.answer.status)
    }

    #[test]
    fn a_head_is_read_with_what_decides_about_it() {
        let text = "POST /api/solve?a=b HTTP/1.1\r\nhOsT: localhost:1\r\nOrigin: http://localhost:1\r\n\
                    x-overlaps-token: abc\r\ncontent-length: 3\r\n\r\n{}1";
        let (head, start) = parse(text.as_bytes()).unwrap().unwrap();
        assert_eq!(
            (head.method.as_str(), head.path.as_str(), head.query.as_str()),
            ("POST", "/api/solve", "a=b")
        );
        assert_eq!((head.host.as_deref(), head.token.as_deref()), (Some("localhost:1"), Some("abc")));
        assert_eq!((head.origin.as_deref(), head.length), (Some("http://localhost:1"), 3));
        assert_eq!(&text[start..], "{}1");
        assert!(parse(&text.as_bytes()[..60]).unwrap().is_none());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let with = |headers: &str| status(&format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n"));
        assert_eq!(with("Content-Length: 3"), 200);
        for headers in [
            "Content-Length: +3",
            "Content-Length: 3\r\nContent-Length: 4",
            "Content-Length: -1",
            "Content-Length: 99999999999999999999999",
            "Host: a\r\nHost: b",
            "Host : a",
        ] {
            assert_eq!(with(headers), 400, "{headers}");
        }
        assert_eq!(with("Transfer-Encoding: chunked"), 411);
        assert_eq!(with(&"a: b\r\n".repeat(100)), 431);
        assert_eq!(status("\u{16}\u{3}\u{1} a client of TLS"), 400);
    }
}
