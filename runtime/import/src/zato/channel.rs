//! Channels. One whose guard has no counterpart is left out: without it everybody could call.

use super::{Work, limits, security};
use crate::entry::{Fields, Section, Shape};
use crate::item::Item;
use crate::names::fitting;
use crate::text::{escaped, shown};

/// The timeout that exports of 3.2 write for every channel, though nothing there acts upon it.
const EXPORTED_TIMEOUT: u64 = 10;

/// Why a channel is left out that roles guard.
pub(super) const ROLES: &str = "roles say who may call it, and there are none here: write `security`";

/// Carries a REST channel over.
pub(super) fn rest(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let mut fields = vec![("type", Shape::text("rest"))];
    common(work, &mut item, &mut fields, &mut left_out);
    methods(work, &mut item, &mut fields);
    let accept = work.text(&mut item, &["accept", "http_accept"]).filter(|accept| accept != "*/*");
    fields.extend(accept.map(|accept| ("accept", Shape::text(accept))));
    if work.switch(&mut item, "match_slash") == Some(false) {
        fields.push(("match_slash", Shape::Switch(false)));
    }
    data_format(work, &mut item, &mut fields);
    if let Some((text, at)) = item.text(&["url_params_pri"]) {
        match text.as_str() {
            "qs-over-path" => {}
            "path-over-qs" => fields.push(("url_priority", Shape::text("path-over-query"))),
            _ => work.option(&item, "url_params_pri", at, "it is neither qs-over-path nor path-over-qs"),
        }
    }
    guards(work, &mut item, &mut fields, &mut left_out);
    compression(work, &mut item, &mut fields);
    timeout(work, &mut item, &mut fields, Some(EXPORTED_TIMEOUT));
    enabled(work, &mut item, &mut fields);
    work.entry(&item, Section::Channels, fields, left_out);
}

/// Carries a SOAP channel over.
pub(super) fn soap(work: &mut Work, mut item: Item<'_>) {
    let mut left_out = None;
    let mut fields = vec![("type", Shape::text("soap"))];
    common(work, &mut item, &mut fields, &mut left_out);
    if let Some((version, at)) = item.text(&["soap_version"]) {
        match version.as_str() {
            "1.1" | "1.2" => fields.push(("versions", Shape::text(version))),
            _ => work.option(&item, "soap_version", at, "it is neither 1.1 nor 1.2: both are answered"),
        }
    }
    // A SOAP message is XML that is posted, whatever these say.
    let _always = (
        item.take("method"),
        item.take("data_format"),
        item.take("match_slash"),
        item.take("url_params_pri"),
    );
    guards(work, &mut item, &mut fields, &mut left_out);
    timeout(work, &mut item, &mut fields, Some(EXPORTED_TIMEOUT));
    enabled(work, &mut item, &mut fields);
    work.entry(&item, Section::Channels, fields, left_out);
}

fn common(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields, left_out: &mut Option<String>) {
    let path = work.text(item, &["url_path"]);
    let service = work.text(item, &["service", "service_name"]);
    if path.is_none() {
        left_out.get_or_insert("it has no `url_path`".to_owned());
    }
    if service.is_none() {
        left_out.get_or_insert("it has no `service`".to_owned());
    }
    fields.extend(path.map(|path| ("path", Shape::text(path))));
    fields.extend(service.map(|service| ("service", Shape::text(service))));
}

fn methods(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields) {
    let at = item.look("method").map_or(item.at, |node| node.at);
    let Ok(methods) = item.texts("method") else {
        return work.option(item, "method", at, "it is no name of a method, nor a list of them");
    };
    let methods: Vec<String> = methods
        .iter()
        .flat_map(|one| one.split('|'))
        .map(|one| escaped(&one.trim().to_ascii_uppercase()))
        .filter(|one| !one.is_empty())
        .collect();
    if !methods.is_empty() {
        fields.push(("methods", Shape::texts(methods)));
    }
}

fn data_format(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields) {
    let Some((text, at)) = item.text(&["data_format"]) else { return };
    match text.to_ascii_lowercase().as_str() {
        "json" | "dict" => fields.push(("data_format", Shape::text("json"))),
        "form" | "form-data" | "form_data" | "post" => fields.push(("data_format", Shape::text("form"))),
        "raw" | "none" => {}
        _ => {
            let text = format!("`{}` is not read here: the service gets the bytes", shown(&text));
            work.option(item, "data_format", at, &text);
        }
    }
}

fn compression(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields) {
    let gzip =
        item.look("content_encoding").and_then(|node| node.text()).is_some_and(|text| text.trim() == "gzip");
    if gzip {
        let _gzip = item.take("content_encoding");
        let at = item.look("content_encoding").map_or(item.at, |node| node.at);
        fields.push(("compress", Shape::Switch(true)));
        let text = "answers are compressed for clients that say that they can read it, and for no others";
        work.finding(item, at, crate::report::Kind::Note, Some("content_encoding"), text);
    }
}

/// A time limit in whole seconds.
pub(super) fn timeout(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields, filler: Option<u64>) {
    let at = item.look("timeout").map_or(item.at, |node| node.at);
    let Some(seconds) = work.number(item, "timeout").filter(|seconds| Some(*seconds) != filler) else {
        return;
    };
    if (1..=86_400).contains(&seconds) {
        fields.push(("timeout_secs", Shape::Number(seconds)));
    } else {
        work.option(item, "timeout", at, "a time limit has from 1 to 86400 seconds");
    }
}

fn enabled(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields) {
    if !work.is_active(item) {
        fields.push(("enabled", Shape::Switch(false)));
    }
}

/// Who may call, from where and how often. Where that cannot be told, the comment that the channel becomes has a word which
/// is refused: so it is not open either when the comment signs are taken away.
fn guards(work: &mut Work, item: &mut Item<'_>, fields: &mut Fields, left_out: &mut Option<String>) {
    let (mut names, mut reason) = callers(work, item);
    for key in ["has_rbac", "sec_use_rbac"] {
        if item.switch(key) != Ok(None) && item.switch(key) != Ok(Some(false)) {
            reason.get_or_insert_with(|| ROLES.to_owned());
        }
    }
    if let Some(reason) = reason {
        if names.is_empty() {
            names.push("WHO-MAY-CALL".to_owned());
        }
        left_out.get_or_insert(reason);
    }
    if !names.is_empty() {
        fields.push(("security", Shape::texts(names)));
    }
    match limits::read(work, item, "channel") {
        Ok(limits) => limits.write(fields),
        Err(reason) => {
            fields.push(("allow_from", Shape::texts(["FROM-WHERE".to_owned()])));
            left_out.get_or_insert(reason.to_owned());
        }
    }
}

/// The names here of those who may call, and why the channel cannot be carried over.
fn callers(work: &Work, item: &mut Item<'_>) -> (Vec<String>, Option<String>) {
    const NOT_UNDERSTOOD: &str = "what `groups` says is not understood: write `security` by hand";
    let definitions = security::named(item);
    let groups = ["groups", "security_groups"].map(|key| item.texts(key));
    let (definitions, groups) = match (definitions, groups) {
        (Ok(definitions), [Ok(mut groups), Ok(more)]) => {
            groups.extend(more);
            (definitions, groups)
        }
        (Err(reason), _) => return (Vec::new(), Some(reason.to_owned())),
        _ => return (Vec::new(), Some(NOT_UNDERSTOOD.to_owned())),
    };
    let mut reason = None;
    if definitions.len() > 1 || !(definitions.is_empty() || groups.is_empty()) {
        reason = Some(
            "it names several that say who may call, and here any of them would do: decide which".to_owned(),
        );
    }
    let mut names: Vec<String> = Vec::new();
    let all = definitions
        .iter()
        .map(|name| (name, &work.definitions))
        .chain(groups.iter().map(|name| (name, &work.groups)));
    for (name, known) in all {
        let guard = known.get(name);
        let new = guard.map_or_else(|| fitting(name), |guard| guard.name.clone());
        if !names.contains(&new) {
            names.push(new);
        }
        let what = match guard {
            Some(guard) if guard.is_written => continue,
            Some(_) => "was left out",
            None => "is not in the file",
        };
        reason.get_or_insert(format!(
            "`{}`, which says who may call it, {what}: write it under `security`, and take the comment signs away",
            shown(name)
        ));
    }
    (names, reason)
}
