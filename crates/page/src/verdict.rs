//! The words of verdicts: which are good news, which bad, and how often each was said.

/// What a word says of a theory or a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Nothing speaks against it.
    Good,
    /// It is refuted, or failed.
    Bad,
    /// It is not known.
    Open,
}

impl Tone {
    /// The tone of a word of this program, if it is that of a verdict.
    pub fn of(word: &str) -> Option<Tone> {
        match word {
            "agrees" | "holds" | "consistent" | "converged" => Some(Tone::Good),
            "disagrees" | "fails" | "rejected" | "not-converged" => Some(Tone::Bad),
            "undecided" => Some(Tone::Open),
            _ => None,
        }
    }

    /// Its name in the style sheet.
    pub fn name(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Open => "open",
        }
    }

    /// A mark beside the word, for those who do not see the colour.
    pub fn mark(self) -> &'static str {
        match self {
            Tone::Good => "✓",
            Tone::Bad => "✗",
            Tone::Open => "?",
        }
    }
}

/// A verdict word, and what it was said of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The word.
    pub word: String,
    /// What it was said of, each once; empty where that has no name.
    pub subjects: Vec<String>,
    /// How often.
    pub count: usize,
}

/// Verdicts word by word, in the order in which the words first came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdicts(pub Vec<Said>);

impl Verdicts {
    /// One more verdict.
    pub fn add(&mut self, word: &str, subject: &str) {
        let place = self.0.iter().position(|said| said.word == word).unwrap_or_else(|| {
            self.0.push(Said { word: word.to_owned(), subjects: Vec::new(), count: 0 });
            self.0.len() - 1
        });
        let said = &mut self.0[place];
        said.count += 1;
        if !subject.is_empty() && !said.subjects.iter().any(|known| known == subject) {
            said.subjects.push(subject.to_owned());
        }
    }
}

impl Said {
    /// What follows the word in a summary: what it was said of, if that is short, otherwise how often.
    pub fn of_what(&self) -> String {
        const NAMES: usize = 4;
        const LENGTH: usize = 24;
        let short = |subjects: &[String]| subjects.iter().all(|name| name.chars().count() <= LENGTH);
        if !self.subjects.is_empty() && self.subjects.len() <= NAMES && short(&self.subjects) {
            self.subjects.join(", ")
        } else if self.count > 1 {
            format!("× {}", self.count)
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_grouped_by_word_and_theories_named_once() {
        let mut verdicts = Verdicts::default();
        for (word, theory) in
            [("agrees", "finite-d"), ("disagrees", "two-phase-limit"), ("agrees", "finite-d")]
        {
            verdicts.add(word, theory);
        }
        let said: Vec<(&str, String)> = verdicts.0.iter().map(|s| (s.word.as_str(), s.of_what())).collect();
        assert_eq!(said, [("agrees", "finite-d".into()), ("disagrees", "two-phase-limit".into())]);
    }

    #[test]
    fn long_statements_are_counted() {
        let mut verdicts = Verdicts::default();
        verdicts.add("holds", "dilated steps keep the fraction (N = 100)");
        verdicts.add("holds", "dilated steps keep what is inside (N = 100)");
        assert_eq!(verdicts.0[0].of_what(), "× 2");
    }
}
