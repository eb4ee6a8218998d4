//! A table of claims with a verdict on each. Continuous integration compares the columns before the numbers.

/// A claim and what became of it.
pub struct Claim {
    /// Where it stands.
    pub place: String,
    /// What it says.
    pub text: String,
    /// What was found.
    pub measured: String,
    /// What theory says.
    pub predicted: String,
    /// The verdict.
    pub holds: bool,
}

/// The claims as a table in Markdown.
pub fn claims(claims: &[Claim]) -> String {
    let mut text =
        String::from("| where | claim | verdict | simulation | predicted |\n|---|---|---|---|---|\n");
    for claim in claims {
        let verdict = if claim.holds { "holds" } else { "**fails**" };
        let Claim { place, text: says, measured, predicted, .. } = claim;
        text += &format!("| {place} | {says} | {verdict} | {measured} | {predicted} |\n");
    }
    text
}
