//! Any text in place of an expression: read, lowered, differentiated twice and compiled, or refused at its place.

#![no_main]

use libfuzzer_sys::fuzz_target;
use overlaps::system::Theory;

/// The expression is a definition, which may depend on everything; the energy brings its exact derivatives.
fn definition(text: &str) -> String {
    format!(
        r#"title = "Any expression"
control = {{ name = "t", from = 0, to = 1, points = 3 }}
[parameters]
a = {{ default = 2, meaning = "" }}
path = {{ values = ["one", "two"], default = "one", meaning = "" }}
[variables]
s = {{ values = [1, -1], weights = [0.5, 0.5] }}
z = "normal"
w = "normal"
[definitions]
f = "{text}"
[unknowns]
x = ""
y = ""
[energy]
minimise = "x^2 + y^2 + E[s,z,w](f)"
"#
    )
}

/// Conditions are read where they may stand.
fn domain(text: &str) -> String {
    format!(
        r#"title = "Any condition"
control = {{ name = "t", from = 0, to = 1, points = 3 }}
[parameters]
a = {{ default = 2, meaning = "" }}
x = {{ default = 2, domain = "{text}", meaning = "" }}
[outputs]
y = {{ value = "a", meaning = "" }}
"#
    )
}

/// The text as a TOML string holds it.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted
}

fuzz_target!(|text: &str| {
    let text = quoted(text);
    for file in [definition(&text), domain(&text)] {
        if let Err(error) = Theory::parse("any.toml", &file) {
            assert!(error.to_string().contains("any.toml:"), "no place: {error}");
        }
    }
});
