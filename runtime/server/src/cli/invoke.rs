//! `caisson invoke`: one message to one service.

use super::context::Context;
use crate::client::{Answer, Outgoing, segment};
use crate::exit::{Exit, usage};
use anyhow::Context as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use std::io::Read as _;

/// Send one message to a service and show its answer
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  caisson invoke hello.hello-world
  caisson invoke crm.get-customer --payload '{\"id\": 7}'
  caisson invoke crm.import --payload @customers.json
  echo 'plain text' | caisson invoke echo --payload - --header content-type:text/plain")]
pub(crate) struct Args {
    /// Name of the service, as `caisson ls services` shows it
    #[arg(value_name = "SERVICE")]
    name: String,
    /// The message: JSON, or @FILE to read it from a file, or - to read it from standard input
    #[arg(long, short, value_name = "JSON|@FILE|-", allow_hyphen_values = true)]
    payload: Option<String>,
    /// A header to send along; may be given more than once
    #[arg(long, short = 'H', value_name = "NAME:VALUE")]
    header: Vec<String>,
}

/// Carries it out.
///
/// # Errors
///
/// A payload that cannot be read, no server. An error of the service is shown here and is [`Exit::Failed`].
pub(crate) async fn run(args: &Args, context: &Context) -> anyhow::Result<Exit> {
    let outgoing = message(args)?;
    let path = format!("/api/v1/services/{}/invoke", segment(&args.name));
    let answer = context.client()?.send(Method::POST, &path, outgoing).await?;
    show(context, &answer);
    let good = answer.status.is_success() || answer.status.is_redirection();
    Ok(if good { Exit::Ok } else { Exit::Failed })
}

fn message(args: &Args) -> anyhow::Result<Outgoing> {
    let headers = args.header.iter().map(|text| header(text)).collect::<anyhow::Result<HeaderMap>>()?;
    let Some(payload) = args.payload.as_deref() else {
        return Ok(Outgoing { headers, ..Outgoing::default() });
    };
    let body = read(payload)?;
    if headers.contains_key(CONTENT_TYPE) {
        return Ok(Outgoing { headers, content_type: None, body });
    }
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
        return Err(usage(format!(
            "the payload is not JSON ({error}); for anything else say what it is, for example --header content-type:text/plain"
        )));
    }
    Ok(Outgoing { headers, content_type: Some("application/json".to_owned()), body })
}

fn read(payload: &str) -> anyhow::Result<Bytes> {
    if payload == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .context("the payload cannot be read from standard input")?;
        return Ok(bytes.into());
    }
    if let Some(path) = payload.strip_prefix('@') {
        return Ok(std::fs::read(path)
            .with_context(|| format!("the payload cannot be read from {path}"))?
            .into());
    }
    Ok(Bytes::copy_from_slice(payload.as_bytes()))
}

fn header(text: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let bad = || usage(format!("{text:?} is not a header: write NAME:VALUE, for example x-tenant:acme"));
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let name = HeaderName::try_from(name.trim()).map_err(|_error| bad())?;
    let value = HeaderValue::try_from(value.trim()).map_err(|_error| bad())?;
    Ok((name, value))
}

fn show(context: &Context, answer: &Answer) {
    let output = context.output;
    if output.wants_json() {
        output.json(&whole(answer));
        return;
    }
    if answer.status.is_success() || answer.status.is_redirection() {
        output.body(&answer.body);
        return;
    }
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let details = match problem.get("details") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::from_utf8_lossy(&answer.body).into_owned(),
    };
    output.error(format!("{}: {details}", answer.status));
    if let Some(cid) = problem.get("cid").and_then(Value::as_str) {
        output.note(format!("what the service wrote: caisson logs --cid {cid}"));
    }
}

/// The answer as one JSON object. A body that is neither JSON nor text is shown as text with replacement characters.
fn whole(answer: &Answer) -> Value {
    let headers: Vec<[String; 2]> = answer
        .headers
        .iter()
        .map(|(name, value)| {
            [name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()]
        })
        .collect();
    let body = serde_json::from_slice(&answer.body)
        .unwrap_or_else(|_error| Value::String(String::from_utf8_lossy(&answer.body).into_owned()));
    json!({"status": answer.status.as_u16(), "headers": headers, "body": body})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(payload: Option<&str>, header: &[&str]) -> Args {
        Args {
            name: "a.b".to_owned(),
            payload: payload.map(str::to_owned),
            header: header.iter().map(|text| (*text).to_owned()).collect(),
        }
    }

    #[test]
    fn json_is_sent_as_json_and_nothing_as_nothing() {
        let sent = message(&args(Some("{\"a\": 1}"), &[])).unwrap();
        assert_eq!(
            (sent.content_type.as_deref(), &sent.body[..]),
            (Some("application/json"), &b"{\"a\": 1}"[..])
        );
        let sent = message(&args(None, &[])).unwrap();
        assert_eq!((sent.content_type, sent.body.len()), (None, 0));
    }

    #[test]
    fn a_slip_in_the_json_is_noticed_before_it_is_sent() {
        let error = message(&args(Some("{'a': 1}"), &[])).unwrap_err();
        assert!(error.to_string().contains("--header content-type:text/plain"), "{error}");
        assert_eq!(Exit::of(&error), Exit::Usage);
        assert!(message(&args(Some("plain"), &["Content-Type: text/plain"])).is_ok());
    }

    #[test]
    fn a_payload_comes_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        let payload = format!("@{}", path.display());
        let error = message(&args(Some(&payload), &[])).unwrap_err().to_string();
        assert!(error.starts_with("the payload cannot be read from "), "{error}");
        std::fs::write(&path, "[1]").unwrap();
        assert_eq!(&message(&args(Some(&payload), &[])).unwrap().body[..], b"[1]");
    }

    #[test]
    fn headers_are_checked() {
        for bad in ["nocolon", ": x", "a b: c", "a: \u{1}"] {
            assert_eq!(Exit::of(&header(bad).unwrap_err()), Exit::Usage, "{bad}");
        }
        let (name, value) = header("X-Tenant: acme:eu").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-tenant", "acme:eu"));
    }
}
