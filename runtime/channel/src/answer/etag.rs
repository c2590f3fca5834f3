//! Entity tags (RFC 9110, 8.8.3 and 13.1.2): a client that has an answer already is told so, without the body.
//!
//! Answers that come piece by piece get no tag: it would have to be sent before the last piece is known.

use super::value_of;
use caisson_capability::{Body, Response};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};

/// Hex digits of the hash: 128 bits.
const DIGITS: usize = 32;

/// The tags that a client has.
#[derive(Debug, Default)]
pub(crate) struct Known {
    any: bool,
    tags: Vec<String>,
}

impl Known {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut known = Self::default();
        for value in headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()) {
            known.any |= value.trim() == "*";
            // Within quotes a comma is part of the tag, so the quotes are what the list is taken apart by.
            let quoted = value.split('"').skip(1).step_by(2);
            known.tags.extend(quoted.map(str::to_owned));
        }
        known
    }

    /// Gives an answer its tag, and takes its body if the client has it. True if it was so.
    pub(crate) fn tag(&self, response: &mut Response) -> bool {
        if response.status != 200 {
            return false;
        }
        let tag = match (value_of(&response.headers, ETAG.as_str()), &response.body) {
            (Some(tag), _) => tag.trim_start_matches("W/").trim_matches('"').to_owned(),
            (None, Body::Whole(bytes)) => {
                let mut tag = blake3::hash(bytes).to_hex().to_string();
                tag.truncate(DIGITS);
                response.headers.push((ETAG.as_str().to_owned(), format!("\"{tag}\"")));
                tag
            }
            (None, Body::Stream(_)) => return false,
        };
        if !self.has(&tag) {
            return false;
        }
        response.status = 304;
        response.body = Body::default();
        // They would describe a body that is not there.
        let about_the_body = [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING];
        response
            .headers
            .retain(|(name, _)| !about_the_body.iter().any(|gone| name.eq_ignore_ascii_case(gone.as_str())));
        true
    }

    /// The weak comparison: a tag of the compressed form counts as well, as its content is the same.
    fn has(&self, tag: &str) -> bool {
        self.any
            || self.tags.iter().any(|known| {
                known.strip_prefix(tag).is_some_and(|rest| matches!(rest, "" | "-gzip" | "-br" | "-zstd"))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tagged(if_none_match: &[&str], own: Option<&str>) -> (u16, Option<String>) {
        let mut headers = HeaderMap::new();
        for value in if_none_match {
            headers.append(IF_NONE_MATCH, value.parse().unwrap());
        }
        let own = own.map(|tag| ("ETag".to_owned(), tag.to_owned()));
        let headers_of_answer = own.into_iter().chain([("Content-Type".to_owned(), "text/plain".to_owned())]);
        let mut response = Response {
            status: 200,
            headers: headers_of_answer.collect(),
            body: "body".into(),
            ..Response::default()
        };
        let known = Known::of(&headers).tag(&mut response);
        assert_eq!(known, response.status == 304);
        assert_eq!(known, value_of(&response.headers, "content-type").is_none());
        (response.status, value_of(&response.headers, "etag").map(str::to_owned))
    }

    #[test]
    fn a_client_that_has_the_answer_gets_304() {
        let (status, tag) = tagged(&[], None);
        let tag = tag.unwrap();
        assert!(status == 200 && tag.len() == 34 && tag.starts_with('"'), "{tag}");
        let weak = format!("W/{tag}");
        let listed = format!("\"a,b\", {tag}");
        let gzip = format!("{}-gzip\"", &tag[..33]);
        for known in [&tag, &weak, &listed, &gzip, "*"] {
            assert_eq!(tagged(&[known], None), (304, Some(tag.clone())), "{known}");
        }
        assert_eq!(tagged(&["\"x\"", &tag], None).0, 304);
        assert_eq!(tagged(&["\"mine\""], Some("W/\"mine\"")), (304, Some("W/\"mine\"".to_owned())));
    }

    #[test]
    fn other_tags_and_nonsense_are_no_match() {
        for known in ["\"x\"", "x", "", "\"", "\"*\"", "W/", "body"] {
            assert_eq!(tagged(&[known], None).0, 200, "{known}");
        }
    }
}
