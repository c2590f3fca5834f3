//! The engine alone, without HTTP: what an isolated call costs and where the time goes. Run by `cargo xtask bench`.

use crate::host::Call;
use crate::instance::{Ended, Instance};
use crate::package::LoadError;
use crate::program::Program;
use caisson_capability::{ChannelInfo, Cid, Deadline, Invocation, Request, Trace};
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rounds whose medians are reported.
const ROUNDS: usize = 7;

/// One workload's figures, in microseconds.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// The service that was called.
    pub service: String,
    /// A call on a pristine instance, everything included.
    pub isolated_us: f64,
    /// Of that: the guest's part.
    pub call_us: f64,
    /// Of that: putting the memory back.
    pub reset_us: f64,
    /// Pages put back for one call.
    pub dirty_pages: usize,
    /// A call on an instance that is never reset.
    pub warm_us: f64,
    /// Making an instance anew, for comparison: what the first request after a deploy pays.
    pub instantiate_us: f64,
    /// A call on such a new instance.
    pub first_call_us: f64,
}

/// Measures one service of a program.
///
/// # Errors
///
/// The service fails.
pub async fn measure(
    program: &Program,
    service: &str,
    body: &[u8],
    calls: u32,
) -> Result<Figures, LoadError> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(round(program, service, body, calls).await?);
    }
    let median = |pick: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or_default()
    };
    Ok(Figures {
        service: service.to_owned(),
        isolated_us: median(|f| f.isolated_us),
        call_us: median(|f| f.call_us),
        reset_us: median(|f| f.reset_us),
        dirty_pages: rounds.last().map_or(0, |f| f.dirty_pages),
        warm_us: median(|f| f.warm_us),
        instantiate_us: median(|f| f.instantiate_us),
        first_call_us: median(|f| f.first_call_us),
    })
}

async fn round(program: &Program, service: &str, body: &[u8], calls: u32) -> Result<Figures, LoadError> {
    let (mut in_call, mut in_reset, mut pages) = (Duration::ZERO, Duration::ZERO, 0);
    let mut instance = new_instance(program).await?;
    let mut start = Instant::now();
    for number in 0..calls + calls / 10 {
        if number == calls / 10 {
            (in_call, in_reset, start) = (Duration::ZERO, Duration::ZERO, Instant::now());
        }
        let before = Instant::now();
        call(program, &mut instance, service, body).await?;
        let between = Instant::now();
        pages = instance.reset().ok_or_else(|| LoadError::host("the instance cannot be reset"))?;
        in_call += between - before;
        in_reset += between.elapsed();
    }
    let isolated = start.elapsed();
    let start = Instant::now();
    for _ in 0..calls {
        call(program, &mut instance, service, body).await?;
    }
    let warm = start.elapsed();
    let (mut making, mut first) = (Duration::ZERO, Duration::ZERO);
    let few = calls / 10 + 1;
    for _ in 0..few {
        let before = Instant::now();
        let mut instance = new_instance(program).await?;
        making += before.elapsed();
        let before = Instant::now();
        call(program, &mut instance, service, body).await?;
        first += before.elapsed();
    }
    let us = |total: Duration, count: u32| total.as_secs_f64() * 1e6 / f64::from(count);
    Ok(Figures {
        service: service.to_owned(),
        isolated_us: us(isolated, calls),
        call_us: us(in_call, calls),
        reset_us: us(in_reset, calls),
        dirty_pages: pages,
        warm_us: us(warm, calls),
        instantiate_us: us(making, few),
        first_call_us: us(first, few),
    })
}

async fn new_instance(program: &Program) -> Result<Instance, LoadError> {
    program.template().instantiate().await.map_err(|error| LoadError::host(format!("{error:#}")))
}

async fn call(
    program: &Program,
    instance: &mut Instance,
    service: &str,
    body: &[u8],
) -> Result<(), LoadError> {
    let invocation = Invocation {
        cid: Cid::from("benchmark"),
        service: service.into(),
        channel: ChannelInfo::plain("bench"),
        principal: None,
        peer: None,
        deadline: Deadline::after(Duration::from_secs(60)),
        attempt: 1,
        trace: Trace::default(),
        depth: 0,
        chain: caisson_capability::Chain::default(),
        request: Request::default(),
    };
    let request = Request {
        content_type: Some("application/json".to_owned()),
        body: body.to_vec().into(),
        ..Request::default()
    };
    let call = Call::new(Arc::new(invocation), 1, Arc::default());
    match instance.call(call, request, &program.settings().limits).await {
        Ended::Answered(Ok(_)) => Ok(()),
        Ended::Answered(Err(error)) | Ended::Broken(error) => {
            Err(LoadError::new(format!("{service}: {error}: {}", error.detail.as_deref().unwrap_or(""))))
        }
    }
}
