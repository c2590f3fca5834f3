//! Finds the few templates that a path may fit, among any number of them.
//!
//! Paths without parameters are found by hash. Templates are kept under their literal beginning, and there under one of
//! their later segments, the one that fewest others share. So the cost follows from the path and not from the number of
//! channels; only templates that no literal segment tells apart are tried one by one.

use super::template::Template;
use std::collections::HashMap;

/// Templates by their literal segments; each is known by its place in the order.
#[derive(Debug, Default)]
pub(crate) struct Index {
    exact: HashMap<String, Vec<u32>>,
    prefixes: HashMap<String, Bucket>,
    /// Most segments of a prefix.
    deepest: usize,
}

/// Templates that begin alike.
#[derive(Debug, Default)]
struct Bucket {
    by_segment: HashMap<String, Vec<u32>>,
    /// Those without a later literal segment.
    open: Vec<u32>,
}

impl Index {
    pub(crate) fn new<'t>(templates: impl Iterator<Item = &'t Template> + Clone) -> Self {
        let mut shared: HashMap<(&str, &str), u32> = HashMap::new();
        for template in templates.clone() {
            for segment in template.later_segments() {
                *shared.entry((template.prefix(), segment)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        for (place, template) in (0_u32..).zip(templates) {
            if let Some(path) = template.exact() {
                index.exact.entry(path.to_owned()).or_default().push(place);
                continue;
            }
            let prefix = template.prefix();
            index.deepest = index.deepest.max(prefix.matches('/').count());
            let bucket = index.prefixes.entry(prefix.to_owned()).or_default();
            let rarest = template.later_segments().min_by_key(|segment| shared.get(&(prefix, *segment)));
            match rarest {
                Some(segment) => bucket.by_segment.entry(segment.to_owned()).or_default().push(place),
                None => bucket.open.push(place),
            }
        }
        index
    }

    /// The places of all templates that a normal path may fit, in order.
    pub(crate) fn candidates(&self, path: &str) -> Vec<u32> {
        let mut places = self.exact.get(path).cloned().unwrap_or_default();
        if self.prefixes.is_empty() {
            return places;
        }
        for (at, _) in path.match_indices('/').take(self.deepest + 1) {
            let (prefix, rest) = path.split_at(at);
            let Some(bucket) = self.prefixes.get(prefix) else { continue };
            places.extend_from_slice(&bucket.open);
            if bucket.by_segment.is_empty() {
                continue;
            }
            for segment in rest.split('/') {
                places.extend(bucket.by_segment.get(segment).into_iter().flatten());
            }
        }
        places.sort_unstable();
        places.dedup();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A few segments of few letters, so that templates and paths meet often.
    fn template() -> impl Strategy<Value = (String, bool)> {
        let segment = prop::sample::select(vec!["a", "b", "#", "a#", "#b", "#-#", ""]);
        (prop::collection::vec(segment, 1..5), any::<bool>()).prop_map(|(segments, slash)| {
            let mut names = 0..;
            let path = segments.iter().fold(String::new(), |path, segment| path + "/" + segment);
            let named = path.split('#').collect::<Vec<_>>();
            let mut text = named[0].to_owned();
            for part in &named[1..] {
                text.push_str(&format!("{{p{}}}{part}", names.next().unwrap()));
            }
            (text, slash)
        })
    }

    /// The simplest thing that is right: every way to cut the text.
    fn fits_slowly(pattern: &[char], text: &[char], slash: bool) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('#', rest)) => (1..=text.len())
                .take_while(|&taken| slash || text[taken - 1] != '/')
                .any(|taken| fits_slowly(rest, &text[taken..], slash)),
            Some((letter, rest)) => text.first() == Some(letter) && fits_slowly(rest, &text[1..], slash),
        }
    }

    fn pattern_of(template: &str) -> Vec<char> {
        let mut pattern: Vec<char> = Vec::new();
        let mut within = false;
        for letter in template.chars() {
            match letter {
                '{' => within = true,
                '}' => {
                    within = false;
                    pattern.push('#');
                }
                '/' if pattern.last() == Some(&'/') => {}
                _ if !within => pattern.push(letter),
                _ => {}
            }
        }
        pattern
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_scan_in_order_finds(
            written in prop::collection::vec(template(), 0..40),
            path in "(/(a|b|ab|a-b|x)){1,5}/?",
        ) {
            let templates: Vec<Template> =
                written.iter().map(|(text, slash)| Template::parse(text, *slash).unwrap()).collect();
            let text: Vec<char> = path.chars().collect();
            let scanned: Vec<u32> = (0..)
                .zip(&written)
                .filter(|(_, (template, slash))| fits_slowly(&pattern_of(template), &text, *slash))
                .map(|(place, _)| place)
                .collect();
            let mut found = Index::new(templates.iter()).candidates(&path);
            found.retain(|&place| templates[place as usize].fits(&path));
            prop_assert_eq!(found, scanned);
        }
    }

    #[test]
    fn few_templates_are_tried_however_many_there_are() {
        for count in [10, 1_000, 10_000] {
            let texts = (0..count).flat_map(|n| {
                [format!("/api/thing{n}/{{id}}"), format!("/api/{{tenant}}/of/{n}"), format!("/exact/{n}")]
            });
            let templates: Vec<Template> = texts.map(|text| Template::parse(&text, true).unwrap()).collect();
            let index = Index::new(templates.iter());
            for path in ["/api/thing7/id", "/api/acme/of/7", "/exact/7", "/api/none/at/all", "/"] {
                assert!(index.candidates(path).len() <= 1, "{count} {path}");
            }
        }
    }
}
