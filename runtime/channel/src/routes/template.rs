//! A channel's path with its parameters.

use super::path::{ENCODED_SLASH, decode};
use caisson_capability::Field;

/// Stands for a parameter in a template's shape.
const HOLE: char = '\u{2}';

/// A path with parameters in braces.
#[derive(Debug)]
pub(crate) struct Template {
    /// The path, decoded, with a [`HOLE`] for each parameter.
    shape: String,
    /// Names of the parameters in order.
    names: Vec<String>,
    match_slash: bool,
    /// What stands around the holes: of the whole path if parameters take slashes, else of each of its segments.
    globs: Vec<Vec<String>>,
}

impl Template {
    /// Reads a template. The error says what is wrong with it.
    pub(crate) fn parse(path: &str, match_slash: bool) -> Result<Self, String> {
        if !path.starts_with('/') {
            return Err(format!("path: `{path}` does not begin with a slash; write `/{path}`"));
        }
        let (shape, names) = shape_of(path)?;
        let glob = |text: &str| text.split(HOLE).map(str::to_owned).collect::<Vec<_>>();
        let globs = if match_slash { vec![glob(&shape)] } else { shape.split('/').map(glob).collect() };
        Ok(Self { shape, names, match_slash, globs })
    }

    /// The path itself, when it has no parameters.
    pub(crate) fn exact(&self) -> Option<&str> {
        self.names.is_empty().then_some(self.shape.as_str())
    }

    /// The whole segments before the first parameter, without the slash that follows.
    pub(crate) fn prefix(&self) -> &str {
        let before = self.shape.split(HOLE).next().unwrap_or_default();
        before.rsplit_once('/').map_or("", |(prefix, _)| prefix)
    }

    /// The whole segments after the first parameter, each of which every path that fits has.
    pub(crate) fn later_segments(&self) -> impl Iterator<Item = &str> {
        let later = self.shape.get(self.prefix().len()..).unwrap_or_default();
        later.split('/').filter(|segment| !segment.is_empty() && !segment.contains(HOLE))
    }

    /// Whether a normal path fits.
    pub(crate) fn fits(&self, path: &str) -> bool {
        self.captured(path).is_some()
    }

    /// What the parameters are in a normal path that fits.
    pub(crate) fn params(&self, path: &str) -> Vec<Field> {
        let captured = self.captured(path).unwrap_or_default();
        let slash = if self.match_slash { "/" } else { "%2F" };
        self.names
            .iter()
            .zip(captured)
            .map(|(name, value)| (name.clone(), value.replace(ENCODED_SLASH, slash)))
            .collect()
    }

    fn captured<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let mut captured = Vec::with_capacity(self.names.len());
        if self.match_slash {
            return capture(self.globs.first()?, path, &mut captured).map(|()| captured);
        }
        let mut segments = path.split('/');
        for glob in &self.globs {
            capture(glob, segments.next()?, &mut captured)?;
        }
        segments.next().is_none().then_some(captured)
    }
}

/// What the holes between literals take, each at least one character and earlier ones as much as they can.
///
/// From the end, each literal is put as far to the right as it goes. That is the choice that leaves most room for what
/// stands before it, so it needs no second try and the time is bounded by the length of the path.
fn capture<'p>(literals: &[String], text: &'p str, captured: &mut Vec<&'p str>) -> Option<()> {
    let (first, rest) = literals.split_first()?;
    let Some((last, middle)) = rest.split_last() else { return (text == first).then_some(()) };
    let mut left = text.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    let already = captured.len();
    for literal in middle.iter().rev() {
        let (room, _) = left.char_indices().next_back()?;
        let at = left.get(..room)?.rfind(literal.as_str())?;
        captured.push(left.get(at + literal.len()..)?);
        left = left.get(..at)?;
    }
    if left.is_empty() {
        return None;
    }
    captured.push(left);
    captured.get_mut(already..)?.reverse();
    Some(())
}

fn shape_of(path: &str) -> Result<(String, Vec<String>), String> {
    let mut shape = String::with_capacity(path.len());
    let mut names: Vec<String> = Vec::new();
    let mut rest = path;
    while let Some((literal, after)) = rest.split_once('{') {
        push_literal(&mut shape, literal, path)?;
        let Some((name, after)) = after.split_once('}') else {
            return Err(format!("path: `{path}` has a `{{` without its `}}`"));
        };
        if name.is_empty() || name.contains(['{', '/']) || names.iter().any(|other| other == name) {
            return Err(format!(
                "path: `{path}`: parameter `{{{name}}}` needs a name of its own without slashes"
            ));
        }
        names.push(name.to_owned());
        shape.push(HOLE);
        rest = after;
    }
    push_literal(&mut shape, rest, path)?;
    if shape.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(format!("path: `{path}` has a segment `.` or `..`, which no request has; leave it out"));
    }
    Ok((shape, names))
}

/// Adds what stands between parameters, decoded; repeated slashes count as one, as in requests.
fn push_literal(shape: &mut String, literal: &str, path: &str) -> Result<(), String> {
    if literal.contains('}') {
        return Err(format!("path: `{path}` has a `}}` without its `{{`"));
    }
    let wrong = |_| format!("path: `{path}` has a wrong percent-encoding or a control character");
    for (at, segment) in literal.split('/').enumerate() {
        if at > 0 && !shape.ends_with('/') {
            shape.push('/');
        }
        shape.push_str(&decode(segment).map_err(wrong)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(template: &str, match_slash: bool, path: &str) -> Option<Vec<String>> {
        let template = Template::parse(template, match_slash).unwrap();
        template.fits(path).then(|| template.params(path).into_iter().map(|(_, value)| value).collect())
    }

    #[test]
    fn parameters_capture_what_stands_in_their_place() {
        let cases: [(&str, bool, &str, Option<&[&str]>); 19] = [
            ("/a/{b}", true, "/a/x", Some(&["x"])),
            ("/a/{b}", true, "/a/x/y", Some(&["x/y"])),
            ("/a/{b}", false, "/a/x/y", None),
            ("/a/{b}", true, "/a/", None),
            ("/a/{b}", true, "/a/x/", Some(&["x/"])),
            ("/a/{b}", false, "/a/x/", None),
            ("/a/{b}/", false, "/a/x/", Some(&["x"])),
            ("/a/{b}/{c}", true, "/a/1/2/3", Some(&["1/2", "3"])),
            ("/a/{b}/{c}", false, "/a/1/2", Some(&["1", "2"])),
            ("/{b}-{c}", false, "/1-2-3", Some(&["1-2", "3"])),
            ("/{b}{c}", false, "/123", Some(&["12", "3"])),
            ("/{b}{c}", false, "/1", None),
            ("/{b}aa", false, "/aa", None),
            ("/{b}.json", false, "/\u{17c}.json", Some(&["\u{17c}"])),
            ("/{b}", true, "/1\u{1}2", Some(&["1/2"])),
            ("/{b}", false, "/1\u{1}2", Some(&["1%2F2"])),
            ("/{b}/c", true, "/1\u{1}c", None),
            ("/a//{b}", false, "/a/1", Some(&["1"])),
            ("/a%20b/{c}", false, "/a b/1", Some(&["1"])),
        ];
        for (template, match_slash, path, expected) in cases {
            let expected =
                expected.map(|values| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>());
            assert_eq!(params(template, match_slash, path), expected, "{template} {match_slash} {path}");
        }
    }

    #[test]
    fn wrong_templates_are_named_with_what_is_wrong() {
        for path in
            ["", "a", "/{", "/}", "/{}", "/{a}/{a}", "/{a{b}", "/{a/b}", "/a}{b", "/%zz", "/%00", "/../a"]
        {
            assert!(Template::parse(path, true).unwrap_err().contains("path: "), "{path}");
        }
    }
}
