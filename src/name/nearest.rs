//! Which of the names that are known is meant by one that is not.

/// The longest name that is compared letter by letter: the work grows with the product of both lengths.
const COMPARED: usize = 100;

/// The name nearest to `name`, if one is near enough to be meant.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    if name.len() > COMPARED {
        return None;
    }
    let length = |text: &str| text.chars().count();
    let lower = name.to_lowercase();
    known
        .into_iter()
        .filter(|k| k.len() <= COMPARED)
        .filter_map(|k| {
            let farthest = 1 + length(name).max(length(k)) / 4;
            let k_lower = k.to_lowercase();
            // As many letters have to come or go as one has more than the other.
            if length(&lower).abs_diff(length(&k_lower)) > farthest {
                return None;
            }
            let near = strsim::damerau_levenshtein(&lower, &k_lower);
            (near <= farthest).then(|| (near, strsim::damerau_levenshtein(name, k), k))
        })
        .min()
        .map(|(_, _, k)| k.to_string())
}

/// The hint that a message adds to a name which is not known: ` (did you mean …?)`, or nothing where none is near.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(name, known).map_or(String::new(), |near| format!(" (did you mean `{near}`?)"))
}
