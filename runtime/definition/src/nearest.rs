//! What somebody may have meant.

/// The known word nearest to one that is not known, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count().div_ceil(3).max(1);
    // With exchanges of two neighbours as one step: that is the slip that is made most.
    let ranked = known.into_iter().map(|candidate| (strsim::osa_distance(word, candidate), candidate));
    ranked
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// ` (did you mean \`x\`?)`, or nothing.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_another_word_is_not() {
        let known = ["path", "methods", "service"];
        assert_eq!(nearest("pth", known), Some("path"));
        assert_eq!(nearest("method", known), Some("methods"));
        assert_eq!(nearest("kye", ["key"]), Some("key"));
        assert_eq!(nearest("ab", ["xy"]), None);
        assert_eq!(nearest("zebra", known), None);
        assert_eq!(nearest("", known), None);
    }
}
