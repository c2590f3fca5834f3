//! HTTP: the same requests to Caisson, to a bare axum server and to FastAPI, in turns.

use super::{
    Bench,
    contenders::{self, AXUM, Contender, FASTAPI},
    report::Table,
    statistics::median,
    wrk::{self, Load, Sample},
};
use crate::{shell, tools};
use anyhow::{Result, ensure};

const CONNECTIONS: [u32; 3] = [1, 16, 64];

/// One kind of load on one contender, measured several times.
#[derive(Debug)]
struct Series {
    contender: &'static str,
    posts_order: bool,
    connections: u32,
    samples: Vec<Sample>,
}

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    tools::install(&[tools::WRK])?;
    let contenders = contenders::start(bench)?;
    let (rounds, seconds) = if bench.quick { (1, 2) } else { (3, 5) };
    let mut all = series(&contenders);
    warm_up(bench, &contenders)?;
    for round in 1..=rounds {
        shell::say(&format!("round {round} of {rounds}"));
        for series in &mut all {
            let contender = contenders.iter().find(|contender| contender.name == series.contender);
            let url = contender
                .map_or("", |contender| if series.posts_order { &contender.order } else { &contender.hello });
            let load = Load { connections: series.connections, seconds, posts_order: series.posts_order };
            let sample = wrk::run(bench.context, url, load)?;
            ensure!(sample.requests_per_second > 0.0, "{} answered nothing at {url}", series.contender);
            series.samples.push(sample);
        }
    }
    Ok(table(&all, rounds, seconds))
}

/// All combinations, ordered so that contenders take turns under the same load.
fn series(contenders: &[Contender]) -> Vec<Series> {
    let mut all = Vec::new();
    for posts_order in [false, true] {
        for connections in CONNECTIONS {
            for contender in contenders {
                all.push(Series { contender: contender.name, posts_order, connections, samples: Vec::new() });
            }
        }
    }
    all
}

fn warm_up(bench: &Bench<'_>, contenders: &[Contender]) -> Result<()> {
    for contender in contenders {
        for (url, posts_order) in [(&contender.hello, false), (&contender.order, true)] {
            wrk::run(bench.context, url, Load { connections: 16, seconds: 1, posts_order })?;
        }
    }
    Ok(())
}

fn table(all: &[Series], rounds: u32, seconds: u32) -> Table {
    let mut table = Table::new(&[
        "request",
        "connections",
        "server",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "p99/p50",
        "x axum",
        "x FastAPI",
        "failed",
    ]);
    for series in all {
        let rate = series.median(|sample| sample.requests_per_second);
        let (p50, p99) = (series.median(|sample| sample.p50_ms), series.median(|sample| sample.p99_ms));
        let against = |name| {
            let reference = all.iter().find(|other| other.contender == name && other.is_same_load(series));
            reference.map_or_else(String::new, |reference| {
                format!("{:.2}", rate / reference.median(|s| s.requests_per_second))
            })
        };
        table.row([
            if series.posts_order { "order" } else { "hello" }.to_owned(),
            series.connections.to_string(),
            series.contender.to_owned(),
            format!("{rate:.0}"),
            format!("{p50:.2}"),
            format!("{p99:.2}"),
            format!("{:.1}", p99 / p50),
            against(AXUM),
            against(FASTAPI),
            format!("{:.0}", series.samples.iter().map(|sample| sample.failed).sum::<f64>()),
        ]);
    }
    table.note(format!(
        "Medians of {rounds} rounds of {seconds} s in which the servers took turns; wrk ran on the same machine. `hello` is a \
         GET, `order` a POST of JSON with 20 items. Caisson gives every request a pristine instance."
    ));
    table
}

impl Series {
    fn median(&self, of: fn(&Sample) -> f64) -> f64 {
        median(&self.samples.iter().map(of).collect::<Vec<_>>())
    }

    fn is_same_load(&self, other: &Self) -> bool {
        self.connections == other.connections && self.posts_order == other.posts_order
    }
}
