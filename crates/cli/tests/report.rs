//! `overlaps report`: one page of a folder of results, readable without a network, whatever the folder holds.

mod support;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use scraper::{ElementRef, Html, Selector};
use serde_json::json;
use support::run_in;
use tempfile::TempDir;

fn results() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("results")
}

/// A folder `made` with these files.
fn folder_of(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join("made").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// The page of the folder `made`, and what was said.
fn page_of(folder: &TempDir) -> (String, String) {
    let output = run_in(folder.path(), &["report", "made"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    (fs::read_to_string(folder.path().join("made/report.html")).unwrap(), said)
}

/// The page, parsed; a page with a mistake in its HTML is refused.
fn parsed(page: &str) -> Html {
    let html = Html::parse_document(page);
    assert!(html.errors.is_empty(), "{:?}", html.errors);
    html
}

fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

fn text(element: ElementRef) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    all(html, selector).into_iter().map(text).collect()
}

/// The page of results/, made elsewhere.
fn page_of_results() -> String {
    let folder = TempDir::new().unwrap();
    let output =
        run_in(folder.path(), &["report", results().to_str().unwrap(), "--output", "page.html", "--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty() && output.stderr.is_empty());
    fs::read_to_string(folder.path().join("page.html")).unwrap()
}

/// What must hold of any page: it is whole, ids are unique, links inside lead somewhere, and nothing is fetched.
fn check_page(page: &str) -> Html {
    let html = parsed(page);
    let ids: Vec<&str> = all(&html, "[id]").iter().filter_map(|e| e.value().attr("id")).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "ids are unique");
    for link in all(&html, "a[href]") {
        let address = link.value().attr("href").unwrap();
        match address.strip_prefix('#') {
            Some(id) => assert!(ids.contains(&id), "{address} leads nowhere"),
            None => {
                let known = ["https://", "http://", "mailto:", "data:text/csv"];
                let beside = address.ends_with(".csv") && !address.contains(':');
                assert!(beside || known.iter().any(|start| address.starts_with(start)), "{address}");
            }
        }
    }
    for element in all(&html, "*") {
        let element = element.value();
        for (name, value) in element.attrs() {
            let fetches = ["src", "srcset", "poster", "data", "background", "action", "ping"].contains(&name)
                || element.name() == "link" && name == "href";
            assert!(!fetches || value.starts_with("data:"), "<{} {name}={value}>", element.name());
            assert!(!name.starts_with("on"), "<{} {name}>", element.name());
        }
    }
    for style in texts(&html, "style") {
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
    assert!(all(&html, "iframe, object, embed, base, svg, form").is_empty());
    assert_eq!(all(&html, "script").len(), 1, "only the script of the page itself");
    let policy = all(&html, "meta[http-equiv='Content-Security-Policy']")[0].value().attr("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; img-src data:;"), "{policy}");
    html
}

// ---- the results of this project ----

#[test]
fn every_result_of_the_project_is_in_its_page() {
    let page = page_of_results();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let html = check_page(&page);
    // The gallery of built-in theories has figures alone.
    let names: Vec<String> =
        texts(&html, ".contents code").into_iter().filter(|name| !name.starts_with("gallery/")).collect();
    let mut stems: Vec<String> = fs::read_dir(results())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "csv"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    stems.sort();
    assert_eq!(names, stems);
    for stem in &stems {
        let section = format!("#result-{stem}");
        let inside = |part: &str| all(&html, &format!("{section} {part}"));
        let file = |extension: &str| results().join(stem).with_extension(extension);
        // The table can be saved as it is, or a link leads to it.
        let table = fs::read(file("csv")).unwrap();
        let link = inside(".data p a")[0].value();
        let address = link.attr("href").unwrap();
        match table.len() <= 50_000 {
            true => {
                assert_eq!(link.attr("download").unwrap(), format!("{stem}.csv"));
                assert_eq!(decoded(address), table);
            }
            false => assert!(address.ends_with(&format!("/results/{stem}.csv")), "{address}"),
        }
        // The figure is that of the file, once.
        let figures: Vec<Vec<u8>> =
            inside("img").iter().map(|image| decoded(image.value().attr("src").unwrap())).collect();
        assert_eq!(figures, fs::read(file("svg")).ok().into_iter().collect::<Vec<_>>(), "{stem}");
        let command = text(inside(".command code")[0]);
        if let Ok(side) = fs::read(file("json")) {
            let side: serde_json::Value = serde_json::from_slice(&side).unwrap();
            assert_eq!(json!(shlex::split(&command).unwrap()), side["command"], "{stem}");
            let cells: Vec<String> = inside(".pairs td").into_iter().map(text).collect();
            for name in side["parameters"].as_object().unwrap().keys() {
                assert!(cells.contains(name), "{stem} lacks {name}");
            }
        } else {
            assert_eq!(command, format!("overlaps reproduce {stem}"));
        }
    }
}

/// The content of a data URI.
fn decoded(uri: &str) -> Vec<u8> {
    if let Some((_, content)) = uri.split_once(";base64,") {
        return base64::engine::general_purpose::STANDARD.decode(content).unwrap();
    }
    let (mut bytes, mut content) = (Vec::new(), uri.split_once(',').unwrap().1.bytes());
    while let Some(byte) = content.next() {
        let mut digit = || char::from(content.next().unwrap()).to_digit(16).unwrap() as u8;
        bytes.push(if byte == b'%' { 16 * digit() + digit() } else { byte });
    }
    bytes
}

#[test]
fn verdicts_stand_in_the_contents_by_word_and_colour() {
    let html = parsed(&page_of_results());
    let (names, summaries) = (texts(&html, ".contents code"), texts(&html, ".contents .summary"));
    let summary = |name: &str| summaries[names.iter().position(|known| known == name).unwrap()].as_str();
    let check = summary("check-two-phase");
    assert!(
        check.contains("✓agrees two-phase, finite-d ✗disagrees two-phase-limit, two-phase-printed"),
        "{check}"
    );
    assert!(summary("figure-1").contains("✓holds × 4 ✗fails 3866 rows"), "{}", summary("figure-1"));
    assert!(summary("two-phase").contains("202 rows, all converged, 2 changes and ends of branches"));
    for (word, tone) in [("agrees", "good"), ("disagrees", "bad"), ("holds", "good"), ("fails", "bad")] {
        let marked = texts(&html, &format!(".verdict.{tone}"));
        assert!(marked.iter().any(|text| text.ends_with(word)), "{word} is {tone}");
    }
}

#[test]
fn results_of_the_same_title_are_told_apart_by_their_parameters() {
    let html = parsed(&page_of_results());
    assert_eq!(texts(&html, "#result-check-two-phase-n8 .apart"), ["n = 8, p = 0.75, κ = 2"]);
    assert_eq!(texts(&html, "#result-check-two-phase .apart"), ["n = 128, p = 0.8, κ = 4"]);
}

#[test]
fn the_same_folder_gives_the_same_bytes() {
    let first = page_of_results();
    assert!(first == page_of_results());
    // Also in the folder itself, where the page of the first time is passed over.
    let folder = folder_of(&[("a.csv", b"t\n1\n")]);
    assert_eq!(page_of(&folder).0, page_of(&folder).0);
}

#[test]
fn nothing_but_the_page_is_written() {
    let folder = folder_of(&[("a.csv", b"t\n1\n"), ("a.json", b"{}"), ("sub/b.md", b"# B\n")]);
    let list = |path: &str| {
        let entries = fs::read_dir(folder.path().join(path)).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    page_of(&folder);
    assert_eq!(list("made"), ["a.csv", "a.json", "report.html", "sub"]);
    assert_eq!(list("made/sub"), ["b.md"]);
    assert_eq!(fs::read(folder.path().join("made/a.csv")).unwrap(), b"t\n1\n");
}

// ---- tables ----

#[test]
fn a_long_table_is_cut_and_its_page_says_so() {
    let mut csv = String::from("t,omega,status\n");
    for row in 0..200_000 {
        csv += &format!(
            "{row},0.12345678901234567,{}\n",
            if row == 150_000 { "not-converged" } else { "converged" }
        );
    }
    let folder = folder_of(&[("long.csv", csv.as_bytes())]);
    let (page, _) = page_of(&folder);
    let html = check_page(&page);
    assert!(page.len() < 100_000, "{} bytes", page.len());
    assert_eq!(all(&html, "table.rows tbody tr:not(.gap)").len(), 101);
    assert_eq!(texts(&html, "tr.gap"), ["row 150001"]);
    assert_eq!(
        all(&html, ".data p a")[0].value().attr("href"),
        Some("long.csv"),
        "it stands beside the page"
    );
    assert_eq!(texts(&html, "tr.bad"), ["150000✗not-converged"]);
    let said = text(all(&html, ".data")[0]);
    for words in [
        "Table: 200000 rows, 1 not converged, 3 columns",
        "The first 100 of 200000 rows, and 1 after them that did not converge or is rejected.",
        "all 200000 rows with every digit are in long.csv (7.3 MB, too large for this page)",
        "omega = 0.1234568",
    ] {
        assert!(said.contains(words), "{words}: {}", &said[..600]);
    }
    assert!(texts(&html, ".contents .verdict").contains(&"✗not converged".to_owned()));
}

#[test]
fn headings_of_a_table_say_what_the_columns_mean() {
    let html = parsed(&page_of_results());
    let headings = all(&html, "#result-two-phase table.rows th[title='weight overlap μ·w/d']");
    assert_eq!(texts(&html, "#result-two-phase table.rows th[title='weight overlap μ·w/d']"), ["ωomega"]);
    assert_eq!(headings[0].value().attr("scope"), Some("col"));
    let legend = texts(&html, "#result-two-phase .legend div");
    assert!(legend.iter().any(|line| line.starts_with("omega") && line.contains("weight overlap μ·w/d")));
}

// ---- whatever a folder holds ----

const SVG: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"10\" height=\"10\">\
                   <text id=\"a\">Title</text><script>alert(1)</script></svg>";

#[test]
fn names_and_contents_are_escaped() {
    let name = "a \"q\" <script>alert('1')</script> ω & 'b'";
    // A slash cannot stand in a file name.
    let name = name.replace('/', "∕");
    let side = json!({
        "program": "<b>", "version": "<i>", "command": ["overlaps", "solve", "<img src=x onerror=alert(1)>"],
        "system": "<u>s</u>", "parameters": { "<p>": "</td><script>" }, "sweeps": { "\"n\"": "<1>" },
        "columns": [{ "name": "<t>", "symbol": "<t>", "meaning": "\"><script>alert(2)</script>", "role": "output" }],
        "events": [{ "<event>": "<fold>" }], "verdicts": [{ "theory": "<x>", "verdict": "<agrees>" }],
    });
    let files = ["csv", "json", "svg", "md"].map(|extension| format!("{name}.{extension}"));
    let folder = folder_of(&[
        (&files[0], b"<t>,b\n<script>alert(3)</script>,\"a \"\"b\"\"\"\n"),
        (&files[1], side.to_string().as_bytes()),
        (&files[2], SVG.as_bytes()),
        (&files[3], b"# <h1>T</h1>\n\n<script>alert(4)</script>\n\n[l](javascript:alert(5)) <b onclick=\"x\">bold</b>\n"),
    ]);
    let (page, _) = page_of(&folder);
    let html = check_page(&page);
    assert!(all(&html, "main b, main i, main u, main td td").is_empty());
    assert_eq!(all(&html, "main img").len(), 1);
    assert_eq!(texts(&html, ".contents code"), [name.as_str()]);
    assert_eq!(texts(&html, ".command code"), ["overlaps solve '<img src=x onerror=alert(1)>'"]);
    assert!(texts(&html, "td").contains(&"<script>alert(3)</script>".to_owned()));
    assert!(texts(&html, ".text p").contains(&"<script>alert(4)</script>".to_owned()));
    let titled = run_in(
        folder.path(),
        &["report", "made", "--title", "</title><script>x</script>", "--output", "p.html"],
    );
    assert_eq!(titled.status.code(), Some(0));
    let html = check_page(&fs::read_to_string(folder.path().join("p.html")).unwrap());
    assert_eq!(texts(&html, "h1"), ["</title><script>x</script>"]);
}

#[test]
fn a_figure_is_an_image_so_that_its_script_does_not_run() {
    let folder = folder_of(&[("a.svg", SVG.as_bytes()), ("b.svg", SVG.as_bytes())]);
    let html = check_page(&page_of(&folder).0);
    assert_eq!(texts(&html, "h2"), ["Title #", "Title #"]);
    assert!(all(&html, "img").iter().all(|image| image.value().attr("alt") == Some("Figure: Title")));
}

#[test]
fn broken_files_are_named_and_the_rest_is_shown() {
    let folder = folder_of(&[
        ("a.csv", b"t,omega\n1,2\n3\n"),
        ("a.json", b"{ not JSON"),
        ("b.csv", b""),
        ("b.svg", b"<svg"),
        ("c.csv", b"t\n\xff\n"),
        ("c.md", b"\xff"),
        ("d.csv", b"t,t\n1,2\n"),
        ("d.json", b"[1]"),
        ("e.csv", b"t,omega\n"),
    ]);
    let (page, said) = page_of(&folder);
    let html = check_page(&page);
    for words in [
        "a.csv: CSV error: record 2 (line: 3",
        "a.json: it is not JSON (key must be a string at line 1",
        "b.csv: it is empty",
        "b.svg: ",
        "c.csv: CSV parse error",
        "c.md: it is not UTF-8",
        "d.csv: the column `t` stands twice in its header",
        "d.json: it is JSON, but not a side file",
    ] {
        assert!(said.contains(&format!("warning: {words}")), "{words}: {said}");
        assert!(texts(&html, ".warning").iter().any(|warning| warning.contains(words)), "{words}");
    }
    assert_eq!(texts(&html, "#result-a tbody td"), ["1", "2"]);
    assert!(text(all(&html, "#result-e .data summary")[0]).starts_with("Table: 0 rows"));
}

#[test]
fn folders_one_level_below_are_shown_and_unfinished_work_is_not() {
    let folder = folder_of(&[
        ("run/a.csv", b"t\n1\n"),
        ("run/deeper/b.csv", b"t\n1\n"),
        ("a.csv", b"t\n1\n"),
        ("long.sweep/c.csv", b"t\n1\n"),
        ("long.checkpoints/d.csv", b"t\n1\n"),
        (".hidden/e.csv", b"t\n1\n"),
        (".f.csv", b"t\n1\n"),
        ("old.html", b"<html>"),
        ("notes.txt", b"x"),
        ("denoisers.json", b"{\"format\": 1}"),
        ("alone.json", br#"{"program": "overlaps", "command": ["overlaps", "solve", "x"]}"#),
    ]);
    let html = check_page(&page_of(&folder).0);
    assert_eq!(texts(&html, ".contents code"), ["a", "alone", "run/a"]);
    assert!(text(all(&html, "footer")[0]).contains("Not shown: denoisers.json, notes.txt."));
}

#[test]
fn links_between_texts_lead_to_the_results() {
    let folder = folder_of(&[
        ("a.md", b"# A\n\n[the other](b%20c.md#part), ![drawn](<b c.svg>)\n" as &[u8]),
        ("b c.md", b"# B\n\n[arXiv](https://arxiv.org/abs/2412.07972) [up](../README.md)\n"),
        ("b c.svg", SVG.as_bytes()),
    ]);
    let html = check_page(&page_of(&folder).0);
    let links: Vec<&str> =
        all(&html, ".text a").iter().filter_map(|link| link.value().attr("href")).collect();
    assert_eq!(links, ["#result-b-c", "https://arxiv.org/abs/2412.07972"]);
    assert_eq!(all(&html, "#result-a img").len(), 1);
}

// ---- what is refused ----

fn refused(folder: &Path, arguments: &[&str], words: &[&str]) {
    let output = run_in(folder, &[&["report"], arguments].concat());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    for words in words {
        assert!(said.contains(words), "{said}");
    }
    assert!(!folder.join("report.html").exists() && !folder.join("empty/report.html").exists());
}

#[test]
fn a_folder_of_which_no_page_can_be_made_is_refused() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("empty/notes.txt"), "").unwrap();
    fs::write(folder.path().join("file.csv"), "t\n1\n").unwrap();
    refused(
        folder.path(),
        &["empty"],
        &["no results in 'empty'", "a CSV", "(.json)", "(.svg, .png)", "(.md)"],
    );
    refused(folder.path(), &["nowhere"], &["no folder 'nowhere'"]);
    refused(folder.path(), &[], &["no folder 'results'"]);
    refused(folder.path(), &["file.csv"], &["'file.csv' is a file; name the folder"]);
    refused(folder.path(), &[".", "--output", "no/page.html"], &["the folder 'no' does not exist"]);
    refused(
        folder.path(),
        &[".", "--output", "file.csv"],
        &["--output file.csv names the page; use FILE.html"],
    );
    assert_eq!(fs::read(folder.path().join("file.csv")).unwrap(), b"t\n1\n");
}
