//! Paths of requests in the one form that templates are compared with.

use std::borrow::Cow;

/// Longest path that is looked at.
pub(crate) const MAX_PATH_BYTES: usize = 8 * 1024;

/// Stands for a slash that was sent as `%2F`, so that it is none when a path is taken apart. No path holds it otherwise:
/// control characters are refused.
pub(crate) const ENCODED_SLASH: char = '\u{1}';

/// Why a path is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathError {
    /// More than [`MAX_PATH_BYTES`].
    TooLong,
    /// Malformed percent-encoding, or not UTF-8 behind it.
    Encoding,
    /// A control character, encoded or not.
    Control,
}

/// Decodes a path segment by segment, joins repeated slashes and follows `.` and `..`, never above the root.
///
/// Segments are decoded before they are followed: `%2e%2e` is `..` to whoever receives it, hence it is so here too.
pub(crate) fn normal(path: &str) -> Result<Cow<'_, str>, PathError> {
    if path.len() > MAX_PATH_BYTES {
        return Err(PathError::TooLong);
    }
    let plain = !path.contains('%') && !path.contains("//") && !path.contains("/.");
    if plain && !path.contains(char::is_control) {
        return Ok(Cow::Borrowed(path));
    }
    let mut segments: Vec<Cow<'_, str>> = Vec::new();
    let mut ends_open = false;
    for raw in path.split('/') {
        let segment = decode(raw)?;
        ends_open = matches!(&*segment, "" | "." | "..");
        match &*segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let mut joined = String::with_capacity(path.len());
    for segment in &segments {
        joined.push('/');
        joined.push_str(segment);
    }
    if ends_open || joined.is_empty() {
        joined.push('/');
    }
    Ok(Cow::Owned(joined))
}

/// Percent-decodes one segment; an encoded slash becomes [`ENCODED_SLASH`].
pub(crate) fn decode(segment: &str) -> Result<Cow<'_, str>, PathError> {
    if segment.contains(char::is_control) {
        return Err(PathError::Control);
    }
    if !segment.contains('%') {
        return Ok(Cow::Borrowed(segment));
    }
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let value = digit().zip(digit()).map(|(high, low)| high * 16 + low);
        decoded.push(value.and_then(|value| u8::try_from(value).ok()).ok_or(PathError::Encoding)?);
    }
    let text = String::from_utf8(decoded).map_err(|_| PathError::Encoding)?;
    if text.contains(char::is_control) {
        return Err(PathError::Control);
    }
    Ok(Cow::Owned(if text.contains('/') {
        text.replace('/', ENCODED_SLASH.encode_utf8(&mut [0; 4]))
    } else {
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_and_followed() {
        let cases = [
            ("/", "/"),
            ("//", "/"),
            ("/a//b", "/a/b"),
            ("/a/", "/a/"),
            ("/a/.", "/a/"),
            ("/a/b/..", "/a/"),
            ("/a/../../../b", "/b"),
            ("/../..", "/"),
            ("/a/%2e%2e/b", "/b"),
            ("/a/.hidden", "/a/.hidden"),
            ("/a/...", "/a/..."),
            ("/a%20b/%c5%bC", "/a b/\u{17c}"),
            ("/a%2Fb", "/a\u{1}b"),
            ("/..%2f..", "/..\u{1}.."),
            ("/%25", "/%"),
        ];
        for (path, expected) in cases {
            assert_eq!(normal(path).as_deref(), Ok(expected), "{path}");
        }
    }

    #[test]
    fn malformed_paths_are_refused() {
        for path in ["/%", "/a%2", "/%zz", "/%ff", "/%+1", "/%c3%28", "/a/%e2%82"] {
            assert_eq!(normal(path), Err(PathError::Encoding), "{path}");
        }
        for path in ["/%00", "/a%0d%0ab", "/%7f", "/%01"] {
            assert_eq!(normal(path), Err(PathError::Control), "{path}");
        }
        let (fits, overlong) = (format!("/{}", "a".repeat(8191)), format!("/{}", "a".repeat(8192)));
        assert!(normal(&fits).is_ok());
        assert_eq!(normal(&overlong), Err(PathError::TooLong));
    }
}
