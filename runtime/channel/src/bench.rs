//! What routes and layers cost, without a socket and without a service. Run by `cargo xtask bench channels`.

use crate::{HttpOptions, Routes, router};
use axum::Router;
use axum::body::Body;
use caisson_capability::{BoxFuture, Error, Invocation, Invoker, Response};
use caisson_definition::{Channel, Definitions};
use caisson_security::{Guards, Shared};
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;
use tower::ServiceExt as _;

/// Rounds whose medians are reported; what is compared takes turns in each.
const ROUNDS: usize = 7;

/// A key for the channel that asks for one. Nobody else has it.
const KEY: &str = "key-of-the-benchmark";

/// Cost of finding a channel.
#[derive(Debug, Serialize)]
pub struct RouteFigure {
    /// Channels in the table.
    pub channels: usize,
    /// Nanoseconds to find one of them, medians; different ones in turn.
    pub find_ns: f64,
    /// Nanoseconds to learn that there is none.
    pub miss_ns: f64,
    /// Milliseconds to build the table.
    pub build_ms: f64,
}

/// Cost of a request without its service.
#[derive(Debug, Serialize)]
pub struct LayerFigure {
    /// What answers.
    pub name: &'static str,
    /// Microseconds a request.
    pub us: f64,
}

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// By size of the table.
    pub routes: Vec<RouteFigure>,
    /// By what stands before the service.
    pub layers: Vec<LayerFigure>,
    /// Milliseconds of the first request with a user name and a password, which hashes it with argon2id.
    pub first_password_ms: f64,
}

/// Measures.
///
/// # Errors
///
/// The definitions of the benchmark are refused, or a request is not answered with 200: a mistake in it.
pub async fn measure(requests: u32) -> Result<Figures, String> {
    let mut routes = Vec::new();
    for channels in [10, 1_000, 10_000] {
        routes.push(route_figure(channels, requests)?);
    }
    let (layers, first_password_ms) = layers(requests).await?;
    Ok(Figures { routes, layers, first_password_ms })
}

fn route_figure(count: usize, requests: u32) -> Result<RouteFigure, String> {
    let channels: Vec<Value> = (0..count)
        .map(|number| {
            let path = format!("/api/v1/area{number}/customers/{{customer}}/orders/{{order}}");
            json!({"type": "rest", "name": format!("c{number}"), "path": path, "service": "s", "match_slash": false})
        })
        .collect();
    let started = Instant::now();
    let routes = build(json!([]), json!(channels))?;
    let build_ms = started.elapsed().as_secs_f64() * 1e3;
    let paths: Vec<String> =
        (0..97).map(|step| format!("/api/v1/area{}/customers/7/orders/1234", step * 7_919 % count)).collect();
    let missing = ["/api/v1/customers/7/orders/1234".to_owned()];
    let headers = HeaderMap::new();
    let time = |paths: &[String]| {
        median((0..ROUNDS).map(|_| {
            let started = Instant::now();
            for path in paths.iter().cycle().take(requests as usize) {
                drop(black_box(routes.find(&Method::GET, black_box(path), &headers)));
            }
            started.elapsed().as_secs_f64() * 1e9 / f64::from(requests)
        }))
    };
    if routes.find(&Method::GET, paths.first().map_or("", |path| path), &headers).is_err() {
        return Err("a path of the benchmark leads nowhere".to_owned());
    }
    Ok(RouteFigure { channels: count, find_ns: time(&paths), miss_ns: time(&missing), build_ms })
}

/// Answers at once.
struct Nothing;

impl Invoker for Nothing {
    fn invoke(&self, _invocation: Invocation) -> BoxFuture<'_, Result<Response, Error>> {
        Box::pin(std::future::ready(Ok(Response { status: 200, ..Response::default() })))
    }
}

async fn layers(requests: u32) -> Result<(Vec<LayerFigure>, f64), String> {
    let hash = caisson_security::password::hash(KEY).map_err(|error| error.to_string())?;
    let security = json!([
        {"type": "api-key", "name": "key", "header": "X-API-Key", "key": KEY},
        {"type": "basic-auth", "name": "user", "username": "user", "password": hash},
    ]);
    let limit = json!({"rate": "1000000/s", "burst": 1_000_000, "by": "principal"});
    let channels = json!([
        {"type": "rest", "name": "bare", "path": "/bare", "service": "s"},
        {"type": "rest", "name": "key", "path": "/key", "service": "s", "security": ["key"], "rate_limit": limit,
         "allow_from": ["127.0.0.0/8", "::1/128"]},
        {"type": "rest", "name": "user", "path": "/user", "service": "s", "security": ["user"], "rate_limit": limit},
    ]);
    let ours = router(Arc::new(Nothing), build(security, channels)?, &HttpOptions::default());
    let bare = Router::new().fallback(|| async {});
    let contenders = [
        ("axum, a handler that answers nothing", &bare, "/bare"),
        ("a channel without any rule", &ours, "/bare"),
        ("with addresses, an API key and a rate limit", &ours, "/key"),
        ("with a user name, a password and a rate limit", &ours, "/user"),
    ];
    let started = Instant::now();
    ask(&ours, "/user").await?;
    let first_password_ms = started.elapsed().as_secs_f64() * 1e3;
    let mut times: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for ((_, router, path), times) in contenders.iter().zip(&mut times) {
            let started = Instant::now();
            for _ in 0..requests {
                ask(router, path).await?;
            }
            times.push(started.elapsed().as_secs_f64() * 1e6 / f64::from(requests));
        }
    }
    let figure = |((name, ..), times): ((&'static str, &Router, &str), Vec<f64>)| LayerFigure {
        name,
        us: median(times.into_iter()),
    };
    Ok((contenders.into_iter().zip(times).map(figure).collect(), first_password_ms))
}

/// One request, with everything on it that any of the channels asks for.
async fn ask(router: &Router, path: &str) -> Result<(), String> {
    let request = Request::builder()
        .uri(path)
        .header(HeaderName::from_static("x-api-key"), HeaderValue::from_static(KEY))
        .header(AUTHORIZATION, HeaderValue::from_static("Basic dXNlcjprZXktb2YtdGhlLWJlbmNobWFyaw=="))
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .extension(crate::ConnectionFacts { peer: Some([127, 0, 0, 1].into()), certificate: None })
        .body(Body::empty())
        .map_err(|error| error.to_string())?;
    let answer = router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
    if !answer.status().is_success() {
        return Err(format!("{path} is answered with {}", answer.status()));
    }
    answer.into_body().collect().await.map(drop).map_err(|error| error.to_string())
}

fn build(security: Value, channels: Value) -> Result<Routes, String> {
    let security = serde_json::from_value(security).map_err(|error| error.to_string())?;
    let channels: Vec<Channel> = serde_json::from_value(channels).map_err(|error| error.to_string())?;
    let definitions = Definitions { security, channels, ..Definitions::default() };
    let shared = Shared::new();
    let guards = Guards::new(&definitions.security, &shared).map_err(|wrong| wrong.join("; "))?;
    Routes::build(&definitions.channels, &guards, &shared, false).map_err(|wrong| wrong.join("; "))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_measures_what_it_says() {
        let figures = measure(3).await.unwrap();
        assert_eq!(figures.routes.iter().map(|one| one.channels).collect::<Vec<_>>(), [10, 1_000, 10_000]);
        assert!(figures.routes.iter().all(|one| one.find_ns > 0.0 && one.miss_ns > 0.0));
        assert_eq!(figures.layers.len(), 4);
    }
}
