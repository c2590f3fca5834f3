//! Rate limits and address lists of 3.2 (lines such as `10.0.0.0/8 = 100/m`) and 4.1 (rules by network and time of day).

use super::Work;
use crate::entry::{Fields, Shape};
use crate::item::{Item, number, scalar};
use crate::report::Kind;
use caisson_definition::yaml::{At, Content, Node};

/// Networks that are everybody.
const EVERYBODY: [&str; 4] = ["*", "0.0.0.0/0", "::/0", "::0/0"];

/// Why an object is left out whose list of addresses cannot be carried over.
const GUARD: &str = "its limits also say who may not call at all, in a way that has no counterpart: write `allow_from` and `rate_limit`";

/// What limits become.
#[derive(Debug, Default)]
pub(super) struct Limits {
    networks: Vec<String>,
    rate: Option<(String, Option<u64>, &'static str)>,
}

impl Limits {
    /// Whether there is any.
    pub(super) fn is_something(&self) -> bool {
        !self.networks.is_empty() || self.rate.is_some()
    }

    /// Adds the fields.
    pub(super) fn write(self, fields: &mut Fields) {
        if !self.networks.is_empty() {
            fields.push(("allow_from", Shape::texts(self.networks)));
        }
        if let Some((rate, burst, by)) = self.rate {
            let mut limit = vec![("rate", Shape::text(rate))];
            if let Some(burst) = burst {
                limit.push(("burst", Shape::Number(burst)));
            }
            if by != "address" {
                limit.push(("by", Shape::text(by)));
            }
            fields.push(("rate_limit", Shape::Map(limit)));
        }
    }
}

/// Reads the limits of an object. `by` is whose requests count together in 3.2.
///
/// # Errors
///
/// Why the object has to be left out: some of the limits keep callers out, and cannot be said here.
pub(super) fn read(work: &mut Work, item: &mut Item<'_>, by: &'static str) -> Result<Limits, &'static str> {
    if let Some(node) = item.take("rate_limiting") {
        return rules(work, item, node, by);
    }
    let active = item.switch("is_rate_limit_active").unwrap_or(Some(true)).unwrap_or(true);
    let _kind = item.take("rate_limit_type");
    let lines = item.take("rate_limit_def").filter(|_| active);
    lines.map_or(Ok(Limits::default()), |node| of_lines(work, item, node, by))
}

fn of_lines(work: &mut Work, item: &Item<'_>, node: &Node, by: &'static str) -> Result<Limits, &'static str> {
    let text = match &node.content {
        Content::List(items) => items.iter().filter_map(scalar).collect::<Vec<_>>().join("\n"),
        _ => scalar(node).unwrap_or_default(),
    };
    let (mut networks, mut rates) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (from, rate) = line.split_once('=').ok_or(GUARD)?;
        networks.push(from.trim().to_owned());
        rates.push(rate.trim().to_owned());
    }
    let everybody = networks.iter().any(|one| EVERYBODY.contains(&one.as_str()));
    let one = rates.len() == 1;
    let mut limits = Limits::default();
    if !everybody {
        limits.networks = networks.iter().map(|one| network(one)).collect::<Option<_>>().ok_or(GUARD)?;
    }
    match rates.first().filter(|_| one).map(String::as_str) {
        Some("*") => {}
        Some(rate) => match per_unit(rate) {
            Some(rate) => limits.rate = Some((rate, None, by)),
            None => return Err(GUARD),
        },
        None if rates.iter().all(|rate| rate == "*") => {}
        None => {
            let text = "one limit for all is what a definition has, and here are several: write `rate_limit` by hand";
            work.option(item, "rate_limit_def", node.at, text);
        }
    }
    Ok(limits)
}

/// An address or a network, as `allow_from` has it.
fn network(text: &str) -> Option<String> {
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Some(format!("{address}/{}", if address.is_ipv4() { 32 } else { 128 }));
    }
    let (address, bits) = text.split_once('/')?;
    let address = address.parse::<std::net::IpAddr>().ok()?;
    let bits = bits.parse::<u8>().ok().filter(|bits| *bits <= if address.is_ipv4() { 32 } else { 128 })?;
    Some(format!("{address}/{bits}"))
}

/// `1000/m`, with the units that both sides have.
fn per_unit(text: &str) -> Option<String> {
    let (count, unit) = text.split_once('/')?;
    let count: u32 = count.trim().parse().ok().filter(|count| *count > 0)?;
    let unit = unit.trim();
    matches!(unit, "s" | "m" | "h" | "d").then(|| format!("{count}/{unit}"))
}

/// One rule for everybody and all day can be carried over.
fn rules(work: &mut Work, item: &Item<'_>, node: &Node, by: &'static str) -> Result<Limits, &'static str> {
    // In 4.1 the limit of a channel is counted by address, that of a definition by caller.
    let by = if by == "channel" { "address" } else { by };
    if keeps_out(node) {
        return Err(GUARD);
    }
    let rate = single(node).and_then(|range| {
        let count =
            range.get("rate").and_then(number).filter(|count| (1..=u64::from(u32::MAX)).contains(count))?;
        let burst =
            range.get("burst").and_then(number).filter(|burst| (1..=u64::from(u32::MAX)).contains(burst));
        Some((format!("{count}/s"), burst.filter(|burst| *burst != count), by, range))
    });
    let Some((rate, burst, by, range)) = rate else {
        let text = "only one rule for everybody and all day has a counterpart: write `rate_limit` by hand";
        work.option(item, "rate_limiting", node.at, text);
        return Ok(Limits::default());
    };
    if let Some(limit) = range.get("limit").filter(|limit| number(limit) != Some(0)) {
        let text = "there is one limit, a rate with bursts: the limit by fixed windows of time is left out";
        work.option(item, "rate_limiting/limit", limit.at, text);
    }
    Ok(Limits { networks: Vec::new(), rate: Some((rate, burst, by)) })
}

fn list(node: &Node) -> &[Node] {
    match &node.content {
        Content::List(items) => items,
        _ => &[],
    }
}

fn is_on(node: &Node, key: &str) -> bool {
    node.get(key).is_some_and(|node| crate::item::boolean(node) != Some(false))
}

/// Whether some rule lets nobody in. What cannot be understood could.
fn keeps_out(node: &Node) -> bool {
    let ranges = |rule: &Node| {
        rule.get("time_range").is_some_and(|ranges| list(ranges).iter().any(|one| is_on(one, "disallowed")))
    };
    !matches!(node.content, Content::List(_))
        || list(node).iter().any(|rule| is_on(rule, "disallowed") || ranges(rule))
}

/// The only range of the only rule, if it is for everybody and always.
fn single(node: &Node) -> Option<&Node> {
    let [rule] = list(node) else { return None };
    let [range] = list(rule.get("time_range")?) else { return None };
    let networks = rule.get("cidr_list").map(list).unwrap_or_default();
    let all = networks.iter().filter_map(Node::text).any(|one| EVERYBODY.contains(&one));
    (all && is_on(range, "is_all_day") && !is_on(range, "disabled")).then_some(range)
}

/// Tells that a number or a switch could not be read.
pub(super) fn unreadable(work: &mut Work, item: &Item<'_>, option: &str, at: At) {
    let text = "it is no plain number or switch, and a reference cannot stand for one: write it by hand";
    work.finding(item, at, Kind::OptionLeftOut, Some(option), text);
}
