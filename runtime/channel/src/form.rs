//! Forms that come as `multipart/form-data`, on channels whose bodies are forms.
//!
//! A form of plain fields is passed on as if the page had sent it URL-encoded, so that a service reads one format. As soon
//! as one part is a file (it has a file name) the body is passed on as received, with its own content type: bytes of files
//! would grow threefold as text, and lose their names and types.

use bytes::Bytes;
use caisson_capability::{Error, ErrorKind};
use futures_util::stream;
use multer::{Constraints, Multipart, SizeLimit};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::convert::Infallible;

/// Most fields of a form.
const MAX_FIELDS: usize = 1_000;

/// What stays as it is in `application/x-www-form-urlencoded`.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// The body and its content type as the service gets them.
pub(crate) async fn plain(
    content_type: Option<String>,
    body: Bytes,
    limit: u64,
) -> Result<(Option<String>, Bytes), Error> {
    let is_multipart =
        |text: &String| text.trim_start().to_ascii_lowercase().starts_with("multipart/form-data");
    let Some(declared) = content_type.as_ref().filter(|text| is_multipart(text)) else {
        return Ok((content_type, body));
    };
    let boundary = multer::parse_boundary(declared).map_err(malformed)?;
    match urlencoded(boundary, body.clone(), limit).await? {
        Some(text) => Ok((Some("application/x-www-form-urlencoded".to_owned()), text.into())),
        None => Ok((content_type, body)),
    }
}

/// The form URL-encoded; nothing if there are files in it.
async fn urlencoded(boundary: String, body: Bytes, limit: u64) -> Result<Option<String>, Error> {
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(limit).per_field(limit));
    let whole = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = Multipart::with_constraints(whole, boundary, constraints);
    let mut text = String::new();
    let mut fields = 0;
    while let Some(field) = parts.next_field().await.map_err(malformed)? {
        if field.file_name().is_some() {
            return Ok(None);
        }
        fields += 1;
        if fields > MAX_FIELDS {
            let text = format!("the form has more than {MAX_FIELDS} fields; send fewer, or JSON");
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        let Some(name) = field.name().map(str::to_owned) else {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "a part of the form has no name; give each one a name",
            ));
        };
        let value = field.text().await.map_err(malformed)?;
        if !text.is_empty() {
            text.push('&');
        }
        text.extend(utf8_percent_encode(&name, &ENCODED));
        text.push('=');
        text.extend(utf8_percent_encode(&value, &ENCODED));
    }
    Ok(Some(text))
}

fn malformed(error: multer::Error) -> Error {
    let text = "the form is malformed; send it as multipart/form-data (RFC 7578)";
    Error::new(ErrorKind::InvalidInput, text).source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=B";

    async fn passed(body: &str, content_type: &str) -> Result<(String, String), String> {
        let body = Bytes::from(body.replace('\n', "\r\n"));
        let passed = plain(Some(content_type.to_owned()), body, 1_000).await;
        let (content_type, body) = passed.map_err(|error| error.message)?;
        Ok((content_type.unwrap(), String::from_utf8(body.to_vec()).unwrap()))
    }

    #[tokio::test]
    async fn plain_fields_are_passed_on_url_encoded() {
        let body = "--B\nContent-Disposition: form-data; name=\"a b\"\n\n1&2\n--B\n\
                    Content-Disposition: form-data; name=\"c\"\n\n\u{17c}\n--B--\n";
        let (content_type, text) = passed(body, TYPE).await.unwrap();
        assert_eq!((&*content_type, &*text), ("application/x-www-form-urlencoded", "a%20b=1%262&c=%C5%BC"));
    }

    #[tokio::test]
    async fn files_and_other_types_are_passed_on_as_received() {
        let file = "--B\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\n\n1\n--B--\n";
        for (body, content_type) in
            [(file, TYPE), ("a=1", "application/x-www-form-urlencoded"), ("x", "text/csv")]
        {
            let (kept, text) = passed(body, content_type).await.unwrap();
            assert_eq!((&*kept, text), (content_type, body.replace('\n', "\r\n")));
        }
    }

    #[tokio::test]
    async fn malformed_forms_are_refused() {
        let unnamed = "--B\nContent-Type: text/plain\n\n1\n--B--\n";
        for (body, content_type) in
            [("", TYPE), ("--B\nnonsense", TYPE), (unnamed, TYPE), ("", "multipart/form-data")]
        {
            assert!(passed(body, content_type).await.is_err(), "{body} {content_type}");
        }
    }
}
