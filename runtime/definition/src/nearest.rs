//! What somebody may have meant.

/// The known word nearest to one that is not known, when it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = word.chars().count().div_ceil(3).max(1);
    let ranked = known.into_iter().map(|candidate| (distance(word, candidate), candidate));
    ranked
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// ` (did you mean \`x\`?)`, or nothing.
pub(crate) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// Insertions, deletions and replacements of one character, and exchanges of two neighbours, that lead from one word to
/// the other: exchanged letters are the slip that is made most.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut previous = None;
    for (above, a) in one.chars().enumerate() {
        let mut next = vec![above + 1];
        for (column, ((b, diagonal), up)) in other.iter().zip(&row).zip(row.iter().skip(1)).enumerate() {
            let left = next.last().copied().unwrap_or_default();
            let mut least = (left + 1).min(up + 1).min(diagonal + usize::from(a != *b));
            let earlier = column.checked_sub(1);
            let exchanged = previous == Some(*b) && earlier.and_then(|at| other.get(at)) == Some(&a);
            if let Some(cost) = earlier.and_then(|at| before.get(at)).filter(|_| exchanged) {
                least = least.min(cost + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(a);
    }
    row.last().copied().unwrap_or_default()
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
