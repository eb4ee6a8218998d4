//! A figure: the SVG (or PNG) as a data URI for an image, so that names in it do not clash with those of other figures and
//! scripts in it do not run; its title, its size, and the words that it shows, for those who do not see it.

use roxmltree::{Document, Node, ParsingOptions};

use super::attachment::{data_uri, text_uri};

/// How every PNG begins.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A figure to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// The image as an address.
    pub uri: String,
    /// Its title: that of the SVG, or the first text in it.
    pub title: Option<String>,
    /// Width and height in pixels, where the SVG says so; the page then keeps room for it.
    pub size: Option<(u32, u32)>,
}

impl Drawing {
    /// Reads an SVG or a PNG.
    ///
    /// # Errors
    /// What is wrong with it, with the line.
    pub fn read(content: &[u8]) -> Result<Drawing, String> {
        if content.starts_with(PNG) {
            // The first piece of a PNG begins with its size.
            let length = |place: usize| -> Option<u32> {
                let bytes = content.get(place..place + 4)?;
                Some(u32::from_be_bytes(bytes.try_into().ok()?))
            };
            let size = length(16).zip(length(20)).ok_or("it is damaged: it ends before its size")?;
            return Ok(Drawing { uri: data_uri("image/png", content), title: None, size: Some(size) });
        }
        let text = std::str::from_utf8(content).map_err(|e| format!("it is not UTF-8 ({e})"))?;
        // Other programs begin an SVG with a DOCTYPE.
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(|e| e.to_string())?;
        let root = document.root_element();
        if root.tag_name().name() != "svg" {
            return Err(format!("it is not an SVG but <{}>", root.tag_name().name()));
        }
        if root.tag_name().namespace() != Some("http://www.w3.org/2000/svg") {
            return Err(
                "it lacks xmlns=\"http://www.w3.org/2000/svg\", without which browsers show nothing".into()
            );
        }
        let titles = ["title", "text"].into_iter().flat_map(|name| {
            root.descendants().filter(move |node| node.tag_name().name() == name).map(words)
        });
        let title = titles.into_iter().find(|title| !title.is_empty());
        let length = |name: &str| -> Option<u32> {
            let length: f64 = root.attribute(name)?.trim_end_matches("px").parse().ok()?;
            (1.0..1e5).contains(&length).then_some(length.round() as u32)
        };
        let size = length("width").zip(length("height"));
        Ok(Drawing { uri: text_uri("image/svg+xml", text), title, size })
    }
}

/// All the text inside an element, with single spaces.
fn words(node: Node) -> String {
    let text: String =
        node.descendants().filter_map(|inner| inner.is_text().then(|| inner.text())?).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_is_the_first_text_with_its_indices() {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='760' height='610px'><rect/>\
                   <text>\nq<tspan>η</tspan> &amp; b\n</text><text>second</text></svg>";
        let drawing = Drawing::read(svg.as_bytes()).unwrap();
        assert_eq!(drawing.title.as_deref(), Some("qη & b"));
        assert_eq!(drawing.size, Some((760, 610)));
    }

    #[test]
    fn a_bitmap_has_its_own_size() {
        let mut png = PNG.to_vec();
        assert!(Drawing::read(&png).unwrap_err().contains("damaged"));
        png.extend(*b"\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58");
        let drawing = Drawing::read(&png).unwrap();
        assert!(drawing.uri.starts_with("data:image/png;base64,"), "{}", drawing.uri);
        assert_eq!((drawing.size, drawing.title), (Some((800, 600)), None));
    }

    #[test]
    fn what_is_not_an_svg_is_refused() {
        for (text, part) in [
            ("<svg", "root node"),
            ("<p xmlns='http://www.w3.org/2000/svg'/>", "<p>"),
            ("<svg/>", "xmlns"),
            ("", "root"),
        ] {
            let error = Drawing::read(text.as_bytes()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
