//! A Markdown file as HTML. HTML in it is shown as text; links lead to the web or to results of the same page, anything
//! else loses its link; the only pictures are figures of the same folder.

use maud::{Markup, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd};

use super::verdict::{Tone, Verdicts};

/// A text to be shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text {
    /// Its first heading.
    pub title: Option<String>,
    /// The command that made it, if it says so.
    pub command: Option<String>,
    /// Everything below the first heading, as HTML.
    pub html: String,
    /// The verdicts in columns of this name.
    pub verdicts: Verdicts,
    /// Whether a figure of the folder is in it.
    pub has_figure: bool,
}

/// What a text may point to.
pub trait Places {
    /// The address of a file of the same folder in this page, `#…`.
    fn anchor(&self, file: &str) -> Option<String>;
    /// A figure of the same folder as an image.
    fn figure(&self, file: &str, words: &str) -> Option<Markup>;
}

impl Text {
    /// Renders a text.
    pub fn of(markdown: &str, places: &dyn Places) -> Text {
        let parser = Parser::new_ext(markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
        let mut text = Text { command: command_in(markdown), ..Text::default() };
        let mut walk = Walk { places, text: &mut text, events: Vec::new(), open_links: Vec::new() };
        walk.run(parser);
        let events = std::mem::take(&mut walk.events);
        pulldown_cmark::html::push_html(&mut text.html, events.into_iter());
        text
    }
}

/// The command after "Made by" in the first lines, where `reproduce` names it.
fn command_in(markdown: &str) -> Option<String> {
    let line = markdown.lines().take(12).find_map(|line| line.strip_prefix("Made by `"))?;
    let (command, _) = line.split_once('`')?;
    command.starts_with("overlaps ").then(|| command.to_owned())
}

/// The way through the events of a text.
struct Walk<'a, 't> {
    places: &'a dyn Places,
    text: &'t mut Text,
    events: Vec<Event<'a>>,
    /// For every link that is open, whether it is kept.
    open_links: Vec<bool>,
}

/// Where in a table one is.
#[derive(Default)]
struct Spot {
    headings: Vec<String>,
    in_head: bool,
    column: usize,
    /// Nothing of the cell was read yet.
    fresh: bool,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self, parser: Parser<'a>) {
        let mut parser = parser.into_iter();
        let mut spot: Option<Spot> = None;
        while let Some(event) = parser.next() {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    if level == HeadingLevel::H1 && self.events.is_empty() && self.text.title.is_none() {
                        self.text.title = Some(words_until_heading_ends(&mut parser));
                        continue;
                    }
                    self.events.push(Event::Start(heading(level)));
                }
                Event::End(TagEnd::Heading(level)) => {
                    self.events.push(Event::End(heading(level).to_end()));
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    let words = words_until_image_ends(&mut parser);
                    self.image(&dest_url, words);
                }
                Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                    let target = self.target(link_type, &dest_url);
                    self.open_links.push(target.is_some());
                    if let Some(dest_url) = target {
                        let dest_url = CowStr::from(dest_url);
                        self.events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                    }
                }
                Event::End(TagEnd::Link) => {
                    if self.open_links.pop() == Some(true) {
                        self.events.push(Event::End(TagEnd::Link));
                    }
                }
                Event::Html(raw) | Event::InlineHtml(raw) => self.events.push(Event::Text(raw)),
                Event::Start(Tag::HtmlBlock) => self.events.push(Event::Start(Tag::Paragraph)),
                Event::End(TagEnd::HtmlBlock) => self.events.push(Event::End(TagEnd::Paragraph)),
                Event::Text(words) => match spot.as_mut() {
                    Some(spot) => self.cell(words, spot),
                    None => self.events.push(Event::Text(words)),
                },
                other => {
                    follow(&other, &mut spot);
                    let opens = matches!(other, Event::Start(Tag::Table(_)));
                    let closes = matches!(other, Event::End(TagEnd::Table));
                    if opens {
                        // A wide table scrolls by itself, not the page.
                        self.events.push(Event::Html("<div class=\"scroll\" tabindex=\"0\">".into()));
                    }
                    self.events.push(other);
                    if closes {
                        self.events.push(Event::Html("</div>".into()));
                    }
                }
            }
        }
    }

    /// Words in a cell of a table: a heading is remembered, the word of a verdict marked.
    fn cell(&mut self, words: CowStr<'a>, spot: &mut Spot) {
        let fresh = std::mem::take(&mut spot.fresh);
        if let Some(heading) = spot.headings.last_mut().filter(|_| spot.in_head) {
            heading.push_str(&words);
        }
        let (word, rest) = words.split_once(' ').unwrap_or((&words, ""));
        match Tone::of(word).filter(|_| fresh && !spot.in_head && (rest.is_empty() || rest.starts_with('(')))
        {
            Some(tone) => {
                let marked = html! { span.verdict.(tone.name()) { (word) } };
                self.events.push(Event::InlineHtml(marked.into_string().into()));
                if !rest.is_empty() {
                    self.events.push(Event::Text(format!(" {rest}").into()));
                }
                if spot.headings.get(spot.column).is_some_and(|heading| heading == "verdict") {
                    self.text.verdicts.add(word, "");
                }
            }
            None => self.events.push(Event::Text(words)),
        }
    }

    /// A figure of the folder, or the words of another picture.
    fn image(&mut self, address: &str, words: String) {
        match self.places.figure(&file_of(address), &words) {
            Some(figure) => {
                self.text.has_figure = true;
                self.events.push(Event::InlineHtml(figure.into_string().into()));
            }
            None => self.events.push(Event::Text(format!("[{words}: {address}]").into())),
        }
    }

    /// Where a link leads in this page, if it is kept.
    fn target(&self, kind: LinkType, address: &str) -> Option<String> {
        let web = ["http://", "https://", "mailto:"].iter().any(|scheme| {
            address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        if web || kind == LinkType::Email {
            return Some(address.to_owned());
        }
        self.places.anchor(&file_of(address))
    }
}

/// The name of the file that an address of the same folder stands for.
fn file_of(address: &str) -> String {
    let path = address.split(['#', '?']).next().unwrap_or_default();
    path.strip_prefix("./").unwrap_or(path).replace("%20", " ")
}

/// Keeps count of the row and column.
fn follow(event: &Event, spot: &mut Option<Spot>) {
    match event {
        Event::Start(Tag::Table(_)) => *spot = Some(Spot::default()),
        Event::End(TagEnd::Table) => *spot = None,
        _ => {}
    }
    let Some(spot) = spot else { return };
    match event {
        Event::Start(Tag::TableHead) => spot.in_head = true,
        Event::End(TagEnd::TableHead) => spot.in_head = false,
        Event::Start(Tag::TableRow) => spot.column = 0,
        Event::Start(Tag::TableCell) => {
            spot.fresh = true;
            if spot.in_head {
                spot.headings.push(String::new());
            }
        }
        Event::End(TagEnd::TableCell) => spot.column += 1,
        _ => {}
    }
}

/// A heading below that of the result.
fn heading(level: HeadingLevel) -> Tag<'static> {
    let level = match level {
        HeadingLevel::H1 | HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        _ => HeadingLevel::H5,
    };
    Tag::Heading { level, id: None, classes: Vec::new(), attrs: Vec::new() }
}

fn words_until_heading_ends<'a>(parser: &mut impl Iterator<Item = Event<'a>>) -> String {
    words_until(parser, |end| matches!(end, TagEnd::Heading(_)))
}

fn words_until_image_ends<'a>(parser: &mut impl Iterator<Item = Event<'a>>) -> String {
    words_until(parser, |end| matches!(end, TagEnd::Image))
}

fn words_until<'a>(parser: &mut impl Iterator<Item = Event<'a>>, last: impl Fn(TagEnd) -> bool) -> String {
    let mut words = String::new();
    // Pictures may stand in the words of a picture.
    let mut inside = 0;
    for event in parser {
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineHtml(text) => words.push_str(&text),
            Event::SoftBreak | Event::HardBreak => words.push(' '),
            Event::Start(Tag::Image { .. }) => inside += 1,
            Event::End(TagEnd::Image) if inside > 0 => inside -= 1,
            Event::End(end) if last(end) => break,
            _ => {}
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Here;

    impl Places for Here {
        fn anchor(&self, file: &str) -> Option<String> {
            (file == "other.md").then(|| "#other".to_owned())
        }
        fn figure(&self, file: &str, words: &str) -> Option<Markup> {
            (file == "a b.svg").then(|| html! { img src="data:," alt=(words); })
        }
    }

    fn rendered(markdown: &str) -> String {
        Text::of(markdown, &Here).html
    }

    #[test]
    fn html_is_shown_as_text() {
        let html = rendered("a <b>b</b>\n\n<script>\nalert(1)\n</script>\n\n<img src=x onerror=y>");
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn links_lead_to_the_web_or_into_the_page() {
        let html = rendered(
            "[a](https://arxiv.org/abs/2412.07972) [b](other.md#there) [c](javascript:alert(1)) [d](../README.md) \
             [e](JAVASCRIPT:x) [f](data:text/html,x) [g](HTTPS://x)",
        );
        assert_eq!(html.matches("<a ").count(), 3, "{html}");
        assert!(
            html.contains("href=\"https://arxiv.org/abs/2412.07972\"") && html.contains("href=\"#other\"")
        );
        assert!(html.contains("</a> c d e f <a"), "{html}");
    }

    #[test]
    fn pictures_are_figures_of_the_folder() {
        let html = rendered("![the *figure*](<a b.svg>) ![far](https://example.org/x.png)");
        assert_eq!(html, "<p><img src=\"data:,\" alt=\"the figure\"> [far: https://example.org/x.png]</p>\n");
    }

    #[test]
    fn the_first_heading_is_the_title_and_the_others_stand_below_it() {
        let text = Text::of(
            "# A `title`\n\nMade by `overlaps reproduce figure-1`; numbers\n\n## Part\n\n# Again",
            &Here,
        );
        assert_eq!(text.title.as_deref(), Some("A title"));
        assert_eq!(text.command.as_deref(), Some("overlaps reproduce figure-1"));
        assert!(text.html.contains("<h3>Part</h3>") && text.html.contains("<h3>Again</h3>"), "{}", text.html);
    }

    #[test]
    fn verdicts_in_tables_are_marked_and_those_under_verdict_counted() {
        let table = "| claim | verdict | other |\n|---|---|---|\n| holds for | holds (3) | holds |\n| b | **fails** (1 of 2) | – |\n";
        let text = Text::of(table, &Here);
        let said: Vec<(String, usize)> = text.verdicts.0.into_iter().map(|s| (s.word, s.count)).collect();
        assert_eq!(said, [("holds".into(), 1), ("fails".into(), 1)]);
        assert_eq!(text.html.matches("class=\"verdict good\"").count(), 2, "{}", text.html);
        assert!(
            text.html.contains("<strong><span class=\"verdict bad\">fails</span></strong> (1 of 2)"),
            "{}",
            text.html
        );
        assert!(text.html.contains("<td>holds for</td>"), "{}", text.html);
    }
}
