//! `overlaps explore`: what its page is told, and who is refused. Requests are written byte by byte, as a stranger would.

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::run_in;
use tempfile::TempDir;

/// Nothing here takes longer, also in a build without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// A curve that is computed for seconds, or longer.
const SLOW: &str =
    r#"{"system": "gaussian-mixture-logistic", "control": {"from": "0.5", "to": "6", "points": 2001}}"#;

/// A running command.
struct Page {
    child: Child,
    port: u16,
    token: String,
}

/// What came back.
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_string()
    }
}

impl Page {
    fn start(arguments: &[&str]) -> Page {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overlaps"));
        command.arg("explore").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = lines.read_line(&mut line);
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap();
        let (port, token) =
            line.trim().strip_prefix("http://127.0.0.1:").unwrap().split_once("/?token=").unwrap();
        Page { child, port: port.parse().unwrap(), token: token.into() }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends some bytes and reads what comes back until the connection is closed.
    fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // A server may answer before it has read everything.
        let _ = stream.write_all(bytes);
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        let end = reply.windows(4).position(|four| four == b"\r\n\r\n").expect("a reply has a head");
        let head = String::from_utf8(reply[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body: reply[end + 4..].to_vec() }
    }

    fn get(&self, target: &str, headers: &str) -> Reply {
        self.raw(
            format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{headers}\r\n", self.port).as_bytes(),
        )
    }

    fn post(&self, path: &str, body: &str) -> Reply {
        let (port, token, length) = (self.port, &self.token, body.len());
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n\
             X-Overlaps-Token: {token}\r\nContent-Length: {length}\r\n\r\n"
        );
        self.raw(&[head.as_bytes(), body.as_bytes()].concat())
    }

    /// Asks for the curves of a state.
    fn solve(&self, page: &str, number: u64, state: &str) -> Reply {
        self.post("/api/solve", &format!(r#"{{"page": "{page}", "number": {number}, "state": {state}}}"#))
    }

    fn file(&self, format: &str, state: &str) -> Vec<u8> {
        let asked = format!(r#"{{"page": "files", "number": 1, "state": {state}, "format": "{format}"}}"#);
        let reply = self.post("/api/file", &asked);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        reply.body
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_is_served_to_who_has_its_address_and_asks_nothing_of_other_places() {
    let page = Page::start(&["curie-weiss"]);
    let reply = page.get(&format!("/?token={}", page.token), "");
    let text = String::from_utf8(reply.body).unwrap();
    assert_eq!(reply.status, 200);
    let policy = reply.head.lines().find_map(|line| line.strip_prefix("Content-Security-Policy: ")).unwrap();
    let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(policy.starts_with("default-src 'none';") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe") && !reply.head.contains("Access-Control"), "{}", reply.head);
    assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), 2);
    let own = "http://www.w3.org/2000/svg";
    assert_eq!(text.replace(own, "").matches("://").count(), 0);
    assert!(!text.contains("src=") && !text.contains("@import") && !text.contains("NONCE"));
    let systems = page.get("/api/systems", &format!("X-Overlaps-Token: {}\r\n", page.token)).json();
    assert_eq!(systems["systems"][0]["name"], "curie-weiss");
    let system = page.post("/api/system", r#"{"system": "curie-weiss"}"#).json();
    assert_eq!(system["control"]["name"], "T");
    assert!(
        system["text"].as_str().unwrap().contains("[fixed_point]")
            || system["text"].as_str().unwrap().contains("energy")
    );
}

#[test]
fn strangers_are_refused() {
    let page = Page::start(&[]);
    let (port, token) = (page.port, page.token.clone());
    let (other, wrong) = (format!("{:0>32}", "1"), token[..31].to_string());
    let body = r#"{"system": "curie-weiss"}"#;
    let refused = |host: &str, headers: &str| {
        let length = body.len();
        let head =
            format!("POST /api/system HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\n\r\n{body}");
        let reply = page.raw(head.as_bytes());
        assert!(!reply.head.contains("Access-Control"), "{}", reply.head);
        reply.status
    };
    let (here, mine) = (format!("Host: 127.0.0.1:{port}\r\n"), format!("X-Overlaps-Token: {token}\r\n"));
    assert_eq!(refused(&here, &mine), 200);
    assert_eq!(refused(&format!("Host: localhost:{port}\r\n"), &mine), 200);
    for host in ["", "Host: example.org\r\n", &format!("Host: example.org:{port}\r\n"), "Host: 127.0.0.1\r\n"]
    {
        assert_eq!(refused(host, &mine), 403, "{host}");
    }
    for origin in [
        "null",
        "http://example.org",
        &format!("https://127.0.0.1:{port}"),
        &format!("http://localhost:{port}"),
    ] {
        assert_eq!(refused(&here, &format!("{mine}Origin: {origin}\r\n")), 403, "{origin}");
    }
    for token in
        [String::new(), format!("X-Overlaps-Token: {other}\r\n"), format!("X-Overlaps-Token: {wrong}\r\n")]
    {
        assert_eq!(refused(&here, &token), 403, "{token}");
    }
    for target in
        ["/", "/?token=", &format!("/?token={other}"), "/api/systems", &format!("/api/systems?token={token}")]
    {
        assert_eq!(page.get(target, "").status, 403, "{target}");
    }
    // What a browser asks before a page from elsewhere may send a header of its own.
    let asks = format!(
        "OPTIONS /api/system HTTP/1.1\r\n{here}Origin: http://example.org\r\nAccess-Control-Request-Method: POST\r\n\r\n"
    );
    assert_eq!(page.raw(asks.as_bytes()).status, 403);
    // It is not reached from other machines.
    let tcp = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let listening = tcp.lines().filter(|line| line.contains(&format!(":{port:04X} 00000000:0000 0A")));
    assert!(listening.clone().all(|line| line.contains("0100007F:")), "{:?}", listening.collect::<Vec<_>>());
}

#[test]
fn what_is_too_much_or_nonsense_is_refused() {
    let page = Page::start(&[]);
    let huge = "x".repeat(10 << 20);
    assert_eq!(page.post("/api/system", &huge).status, 413);
    let mine = format!("X-Overlaps-Token: {}\r\n", page.token);
    assert_eq!(page.get("/api/nothing", &mine).status, 404);
    assert_eq!(page.get("/../../etc/passwd", &mine).status, 404);
    let method = page.get("/api/solve", &mine);
    assert_eq!((method.status, method.head.contains("Allow: POST")), (405, true));
    for nonsense in
        ["", "{", "[]", "{}", r#"{"system": 1}"#, r#"{"system": "ridge", "output": "/tmp/x"}"#, "\u{0}"]
    {
        let reply = page.post("/api/system", nonsense);
        assert_eq!(reply.status, 400, "{nonsense}");
        assert!(reply.error().contains("no request of the page"), "{}", reply.error());
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(page.post("/api/solve", &deep).status, 400);
    let said = |state: &str| {
        let reply = page.solve("nonsense", 1, state);
        assert_eq!(reply.status, 422, "{state}");
        reply.error()
    };
    let endless =
        said(r#"{"system": "first-phase", "control": {"from": "0", "to": "1", "points": 1000000000}}"#);
    assert!(endless.contains("1000000000 points are too many") && endless.contains("2001"), "{endless}");
    for path in ["/etc/passwd", "../../secret.toml", "--output=x"] {
        assert!(said(&json!({"system": path}).to_string()).contains("there is no system"), "{path}");
    }
    for (name, part) in [("n", "n = 0.5 is outside its domain"), ("lamda", "did you mean `lambda`?")] {
        let text = said(&json!({"system": "first-phase", "set": {name: "0.5"}}).to_string());
        assert!(text.contains(part), "{text}");
    }
    for garbage in
        ["\r\n\r\n", "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"]
    {
        assert!([400, 403, 408].contains(&page.raw(garbage.as_bytes()).status), "{garbage}");
    }
    assert_eq!(page.raw(format!("GET /{} HTTP/1.1\r\n", "a".repeat(1 << 20)).as_bytes()).status, 431);
    assert_eq!(page.solve("nonsense", 2, r#"{"system": "curie-weiss"}"#).status, 200);
}

#[test]
fn the_numbers_are_those_of_the_command_bit_for_bit() {
    let page = Page::start(&[]);
    let states = [
        r#"{"system": "first-phase", "set": {"n": "8", "kappa": "2"}, "columns": ["m", "omega"],
            "control": {"from": "0", "to": "1", "points": 11}}"#,
        r#"{"system": "curie-weiss", "branches": true, "control": {"from": "0.3", "to": "1.5", "points": 13, "log": true}}"#,
        r#"{"system": "first-phase", "compare": ["first-phase-limit"], "control": {"from": "0.5", "to": "1", "points": 1}}"#,
    ];
    for (number, state) in (1..).zip(states) {
        let reply = page.solve("numbers", number, state);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let said = reply.json();
        let words = shlex::split(said["command"].as_str().unwrap()).unwrap();
        let mut words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
        let folder = TempDir::new().unwrap();
        words.extend(["--output", "a.csv", "--plot", "a.svg", "--quiet"]);
        let output = run_in(folder.path(), &words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        let csv = fs::read(folder.path().join("a.csv")).unwrap();
        assert!(page.file("csv", state) == csv, "{state}");
        assert!(page.file("svg", state) == fs::read(folder.path().join("a.svg")).unwrap(), "{state}");
        assert!(page.file("pdf", state).starts_with(b"%PDF"));
        let mut rows = csv::Reader::from_reader(&csv[..]);
        let header = rows.headers().unwrap().clone();
        for (place, row) in rows.records().enumerate() {
            for (name, field) in header.iter().zip(row.unwrap().iter()) {
                let own = &said["data"][name][place];
                let same = match own {
                    Value::Null => field.is_empty(),
                    Value::String(word) => word == field,
                    number => number.as_f64().unwrap().to_bits() == field.parse::<f64>().unwrap().to_bits(),
                };
                assert!(same, "{name} of row {place}: {own} and {field}");
            }
        }
        assert_eq!(
            said["rows"].as_u64().unwrap() as usize,
            fs::read_to_string(folder.path().join("a.csv")).unwrap().lines().count() - 1
        );
    }
}

#[test]
fn an_edited_file_is_read_as_the_command_reads_it() {
    let page = Page::start(&[]);
    let system = page.post("/api/system", r#"{"system": "curie-weiss"}"#).json();
    let text = system["text"].as_str().unwrap().replace("tanh(", "tank(");
    assert!(text.contains("tank("));
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("curie-weiss.toml"), &text).unwrap();
    let output = run_in(folder.path(), &["solve", "curie-weiss.toml"]);
    let command = String::from_utf8(output.stderr).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("tank(")).unwrap();
    let state = json!({"system": "curie-weiss", "text": text});
    for reply in [page.post("/api/system", &state.to_string()), page.solve("edited", 1, &state.to_string())] {
        assert_eq!(reply.status, 422);
        assert_eq!(format!("error: {}\n", reply.error()), command);
        assert!(command.contains(&format!("curie-weiss.toml:{line}:")), "{command}");
        let place = &reply.json()["place"];
        assert_eq!((&place["line"], place["column"].is_u64()), (&json!(line), true));
    }
    let right = json!({"system": "curie-weiss", "text": text.replace("tank(", "tanh(")});
    let reply = page.solve("edited", 2, &right.to_string()).json();
    assert_eq!(reply["not_converged"], 0);
    assert_eq!(reply["command"], "overlaps solve curie-weiss.toml");
    // The equations are printed as they stand there.
    let printed = |text: &str| {
        let state = json!({"system": "curie-weiss", "text": text}).to_string();
        page.post("/api/system", &state).json()["equations"][0]["groups"].to_string()
    };
    let text = system["text"].as_str().unwrap();
    let (own, edited) = (printed(text), printed(&text.replace("tanh(", "erf(")));
    assert!(own.contains("<mi>tanh</mi>") && own.contains("fixed point"), "{own}");
    assert!(edited.contains("<mi>erf</mi>") && !edited.contains("<mi>tanh</mi>"), "{edited}");
}

#[test]
fn a_file_and_its_edited_text_read_the_data_beside_it() {
    let folder = TempDir::new().unwrap();
    let text = "title = \"x\"\ncontrol = { name = \"t\", from = 0, to = 1, points = 3 }\n\
                [variables]\nl = { file = \"spectrum.csv\", values = \"l\" }\n\
                [outputs]\nm = { value = \"E[l](l*t)\" }\n";
    let path = folder.path().join("mine.toml");
    fs::write(&path, text).unwrap();
    fs::write(folder.path().join("spectrum.csv"), "l\n1\n2\n6\n").unwrap();
    let path = path.to_str().unwrap();
    let page = Page::start(&[path]);
    let solved = |number: u64, state: &Value| page.solve("mine", number, &state.to_string()).json();
    assert_eq!(solved(1, &json!({"system": path}))["data"]["m"], json!([0, 1.5, 3]));
    let edited = json!({"system": path, "text": text.replace("l*t", "l*t/3")});
    assert_eq!(solved(2, &edited)["data"]["m"], json!([0, 0.5, 1]));
    // A file that was not named at the start is not read.
    let other = folder.path().join("other.toml");
    fs::write(&other, text).unwrap();
    let refused = page.solve("mine", 3, &json!({"system": other, "text": text}).to_string());
    assert_eq!(refused.status, 422);
}

#[test]
fn connections_that_ask_for_nothing_hinder_nobody() {
    let page = Page::start(&[]);
    let idle: Vec<TcpStream> = (0..20).map(|_| page.connect()).collect();
    let half: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = page.connect();
            let _ = stream.write_all(b"POST /api/solve HTTP/1.1\r\nHost: 127");
            stream
        })
        .collect();
    let start = Instant::now();
    assert_eq!(page.solve("idle", 1, r#"{"system": "curie-weiss"}"#).status, 200);
    // Nobody waited until the others were given up, which takes five seconds each.
    assert!(start.elapsed() < Duration::from_secs(60));
    drop((idle, half));
}

#[test]
fn while_eight_requests_are_computed_a_ninth_is_sent_away() {
    let page = Page::start(&["--time-limit", "5"]);
    let done = thread::scope(|scope| {
        let of = |i: usize| {
            let page = &page;
            scope.spawn(move || page.solve(&format!("busy-{i}"), 1, SLOW).status)
        };
        let busy: Vec<_> = (0..8).map(of).collect();
        let begun = Instant::now();
        let refused = loop {
            let status = page.get("/", "").status;
            if status == 503 || begun.elapsed() > PATIENCE {
                break status;
            }
            thread::sleep(Duration::from_millis(100));
        };
        assert_eq!(refused, 503);
        busy.into_iter().map(|request| request.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(done.iter().all(|status| [200, 503].contains(status)), "{done:?}");
    assert_eq!(page.solve("idle", 2, r#"{"system": "curie-weiss"}"#).status, 200);
}

#[test]
fn what_is_overtaken_or_takes_too_long_is_given_up() {
    let page = Page::start(&["--time-limit", "1"]);
    let late = page.solve("late", 1, SLOW);
    assert_eq!(late.status, 503);
    assert!(late.error().contains("given up after 1 s"), "{}", late.error());
    let page = Page::start(&["--time-limit", "600"]);
    let start = Instant::now();
    let (slow, newer) = thread::scope(|scope| {
        let slow = scope.spawn(|| page.solve("one", 7, SLOW));
        thread::sleep(Duration::from_millis(500));
        let newer = page.solve("one", 8, r#"{"system": "curie-weiss"}"#);
        (slow.join().unwrap(), newer)
    });
    assert_eq!((slow.status, newer.status), (409, 200), "{:?}", start.elapsed());
    assert!(slow.error().contains("a newer request"), "{}", slow.error());
    assert_eq!(page.solve("one", 3, r#"{"system": "curie-weiss"}"#).status, 409);
    // The page is closed.
    let closed = thread::scope(|scope| {
        let slow = scope.spawn(|| page.solve("two", 1, SLOW));
        thread::sleep(Duration::from_millis(500));
        assert_eq!(page.post("/api/stop", r#"{"page": "two", "number": 2}"#).status, 200);
        slow.join().unwrap()
    });
    assert_eq!(closed.status, 409);
}

#[test]
fn a_port_that_is_taken_and_a_system_that_is_not_there_are_said() {
    let page = Page::start(&[]);
    let folder = TempDir::new().unwrap();
    let said = |arguments: &[&str]| {
        let output = run_in(folder.path(), &[&["explore"], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty());
        String::from_utf8(output.stderr).unwrap()
    };
    let taken = said(&["--port", &page.port.to_string()]);
    assert!(
        taken.contains(&format!("127.0.0.1:{}", page.port)) && taken.contains("leave out --port"),
        "{taken}"
    );
    assert!(said(&["curie-wiess"]).contains("did you mean `curie-weiss`?"));
}
