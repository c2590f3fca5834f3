//! What a client accepts: lists of names with weights (RFC 9110, 12.4.2 and 12.5).

use http::HeaderMap;
use http::header::HeaderName;

/// The entries of all headers of a name, in lower case, with their weights in thousandths. A weight that is none
/// counts as 1, as if it were not there.
pub(crate) fn weighted(headers: &HeaderMap, name: HeaderName) -> Vec<(String, u16)> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .filter_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
            let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
            Some((name, weight.and_then(thousandths).unwrap_or(1_000)))
        })
        .collect()
}

fn thousandths(weight: &str) -> Option<u16> {
    let number: f32 = weight.parse().ok().filter(|number| (0.0..=1.0).contains(number))?;
    // Within 0 and 1000, hence exact enough.
    Some((number * 1_000.0).round() as u16)
}

/// Whether a media type (in lower case) is accepted. Without the header everything is. Of several ranges that contain it,
/// the most specific one counts.
pub(crate) fn media_type(headers: &HeaderMap, name: HeaderName, media_type: &str) -> bool {
    let ranges = weighted(headers, name);
    if ranges.is_empty() {
        return true;
    }
    let family = media_type.split_once('/').map_or(media_type, |(family, _)| family);
    let any_of_family = format!("{family}/*");
    [media_type, &any_of_family, "*/*"]
        .into_iter()
        .find_map(|range| ranges.iter().find(|(name, _)| name == range))
        .is_some_and(|(_, weight)| *weight > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::ACCEPT;

    #[test]
    fn weights_are_read_and_nonsense_counts_as_one() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, "a;q=0.5, B ; Q=0,,c;q=x;y=1".parse().unwrap());
        headers.append(ACCEPT, "d;level=1;q=1.000, e;q=7".parse().unwrap());
        let named = |name: &str, weight| (name.to_owned(), weight);
        let expected =
            [named("a", 500), named("b", 0), named("c", 1_000), named("d", 1_000), named("e", 1_000)];
        assert_eq!(weighted(&headers, ACCEPT), expected);
    }
}
