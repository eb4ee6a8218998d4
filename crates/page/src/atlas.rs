//! The atlas: every theory beside a simulation of it, on one page.

use std::io::{self, Write};

use maud::{Markup, html};

use super::drawing::Drawing;
use super::page::{document, figure, program, word};

/// A theory beside a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The name of the theory.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Where it is from.
    pub source: String,
    /// What differs from the printed version.
    pub differs: String,
    /// What was simulated.
    pub model: String,
    /// The word of the verdict.
    pub verdict: String,
    /// What the verdict rests on, in a few words.
    pub grounds: String,
    /// Curve and points.
    pub drawing: Drawing,
}

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub struct Atlas {
    /// What verdicts mean here.
    pub lede: String,
    /// The theories, in the order of the page.
    pub cards: Vec<Card>,
    /// Theories of which nothing is simulated, by subject.
    pub others: Vec<(String, Vec<String>)>,
}

impl Atlas {
    /// Writes the HTML.
    ///
    /// # Errors
    /// That of the sink.
    pub fn write(&self, mut sink: impl Write) -> io::Result<()> {
        sink.write_all(self.html().0.as_bytes())?;
        sink.write_all(b"\n")
    }

    fn html(&self) -> Markup {
        let how_many = |verdict: &str| self.cards.iter().filter(|card| card.verdict == verdict).count();
        document(
            "Theories beside simulation",
            &html! {
                a.skip href="#theories" { "Skip to the theories" }
                header {
                    h1 { "Theories beside simulation" }
                    p.quiet { (self.lede) }
                    p {
                        @for verdict in ["agrees", "disagrees", "undecided"] {
                            @let count = how_many(verdict);
                            @if count > 0 { span.said { (word(verdict)) " " (count) } " " }
                        }
                    }
                }
                main.atlas id="theories" { @for card in &self.cards { (one(card)) } }
                footer.quiet {
                    @if !self.others.is_empty() {
                        p { "Of these theories nothing is simulated yet:" }
                        ul { @for (subject, names) in &self.others { li { (subject) ": " (names.join(", ")) } } }
                    }
                    p { "Made by " code { "overlaps atlas" } " (" (program()) ")." }
                }
            },
        )
    }
}

fn one(card: &Card) -> Markup {
    html! {
        section.result id=(card.name) {
            h2 { (card.title) }
            div.summary { (word(&card.verdict)) span.quiet { (card.grounds) } }
            (figure(&card.drawing, &format!("{}: curve of the theory and measured points", card.title)))
            p.lede {
                code { "overlaps check " (card.name) } " against " code { (card.model) }
                @if !card.source.is_empty() { ". " (card.source) }
            }
            @if !card.differs.is_empty() { details { summary { "What differs" } p.lede { (card.differs) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_theory_says_of_itself_is_text() {
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"/>"#;
        let card = Card {
            name: "mine".into(),
            title: "m < 1 & <b>q</b>".into(),
            source: "a paper".into(),
            differs: String::new(),
            model: "ridge".into(),
            verdict: "disagrees".into(),
            grounds: "12 comparisons".into(),
            drawing: Drawing::read(svg).unwrap(),
        };
        let others = vec![("glasses".to_string(), vec!["one".to_string(), "two".to_string()])];
        let mut page = Vec::new();
        Atlas { lede: "All.".into(), cards: vec![card], others }.write(&mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        for part in [
            "m &lt; 1 &amp; &lt;b&gt;q&lt;/b&gt;",
            "class=\"verdict bad\"",
            "overlaps check mine",
            "glasses: one, two",
            "data:image/svg+xml",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("undecided") && !page.contains("What differs"));
    }
}
