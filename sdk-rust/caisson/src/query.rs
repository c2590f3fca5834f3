//! Queries of URLs: `a=1&b=two+words`.

/// The parameters of a query, decoded. What is not UTF-8 has replacement characters.
pub(crate) fn parse(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                }
                _ => decoded.push(b'%'),
            },
            (other, _) => decoded.push(*other),
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_well_formed_and_leaves_the_rest() {
        for (query, expected) in [
            ("", &[][..]),
            ("a=1&b=two+words", &[("a", "1"), ("b", "two words")]),
            ("a=%C3%A4&&b", &[("a", "ä"), ("b", "")]),
            ("a=1=2&a=%2", &[("a", "1=2"), ("a", "%2")]),
            ("a=%zz%41", &[("a", "%zzA")]),
            ("a=%ff", &[("a", "\u{fffd}")]),
        ] {
            let found: Vec<_> = parse(query).collect();
            let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{query}");
        }
    }
}
