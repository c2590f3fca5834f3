//! Who we are towards the other side. Guests see none of it.

use super::connect::basic;
use super::target::Base;
use super::{Http, ReqBody, Sending, full};
use crate::config::{Auth, ClientAuth, Oauth2, Secret};
use crate::error;
use bytes::Bytes;
use caisson_capability::{Deadline, Error, ErrorKind, Fault, Problem};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::Url;

/// Credentials, ready to be put on a request.
#[derive(Debug)]
pub(crate) enum Credentials {
    None,
    /// A header that does not change.
    Header(HeaderName, HeaderValue),
    /// A parameter of the query.
    Query(String, Secret),
    /// A token that is fetched.
    Token(Tokens),
}

impl Credentials {
    /// Reads the options. `http` is the client for the token endpoint.
    pub(crate) fn new(auth: Option<&Auth>, tokens: impl FnOnce(&Url) -> Http) -> Result<Self, Vec<Problem>> {
        let sensitive = |place: &str, text: &str| -> Result<_, Vec<Problem>> {
            let mut value = HeaderValue::from_str(text).map_err(|_| {
                vec![Problem::at(
                    place,
                    "this cannot be the value of a header: it holds a line end or the like",
                )]
            })?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(match auth {
            None => Self::None,
            Some(Auth::Basic { username, password }) => {
                if username.contains(':') {
                    return Err(vec![Problem::at("auth/username", "a user's name cannot hold a colon")]);
                }
                Self::Header(header::AUTHORIZATION, basic(username, password.expose()))
            }
            Some(Auth::Bearer { token }) => Self::Header(
                header::AUTHORIZATION,
                sensitive("auth/token", &format!("Bearer {}", token.expose()))?,
            ),
            Some(Auth::ApiKey { header: Some(name), query: None, key }) => {
                let name = HeaderName::from_bytes(name.as_bytes())
                    .map_err(|_| vec![Problem::at("auth/header", "this is no name of a header")])?;
                Self::Header(name, sensitive("auth/key", key.expose())?)
            }
            Some(Auth::ApiKey { header: None, query: Some(name), key }) => {
                Self::Query(name.clone(), key.clone())
            }
            Some(Auth::ApiKey { .. }) => {
                return Err(vec![Problem::at("auth", "give either header or query")]);
            }
            Some(Auth::Oauth2(options)) => Self::Token(Tokens::new(options, tokens)?),
        })
    }

    /// The header that guests must leave alone.
    pub(crate) fn header(&self) -> Option<&HeaderName> {
        match self {
            Self::Header(name, _) => Some(name),
            Self::Token(_) => Some(&header::AUTHORIZATION),
            Self::None | Self::Query(..) => None,
        }
    }

    /// Puts them on a request. Answers the token that was used.
    pub(crate) async fn put(
        &self,
        url: &mut Url,
        headers: &mut HeaderMap,
        deadline: Deadline,
    ) -> Result<Option<Token>, Error> {
        match self {
            Self::None => {}
            Self::Header(name, value) => drop(headers.insert(name, value.clone())),
            Self::Query(name, key) => drop(url.query_pairs_mut().append_pair(name, key.expose())),
            Self::Token(tokens) => {
                let token = tokens.get(deadline).await?;
                headers.insert(header::AUTHORIZATION, token.value.clone());
                return Ok(Some(token));
            }
        }
        Ok(None)
    }

    /// The other side did not take a token: the next one is fetched anew. Whether there can be another.
    pub(crate) fn renew(&self, refused: &Token) -> bool {
        let Self::Token(tokens) = self else { return false };
        let mut state = tokens.state();
        // Someone else may have had a new one fetched meanwhile.
        if state.token.as_ref().is_some_and(|token| token.value == refused.value) {
            state.token = None;
        }
        true
    }
}

/// A token of OAuth 2.0, as the value of its header.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    value: HeaderValue,
    until: Instant,
}

type Fetch = BoxFuture<'static, Result<Token, Arc<Error>>>;

/// Has tokens fetched, once for all who wait.
pub(crate) struct Tokens {
    state: Mutex<State>,
    request: Arc<Endpoint>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Weak: when all who wait have given up, so does the fetch.
    fetch: Option<WeakShared<Fetch>>,
}

struct Endpoint {
    http: Http,
    uri: http::Uri,
    authorization: Option<HeaderValue>,
    form: Secret,
}

impl Tokens {
    fn new(options: &Oauth2, http: impl FnOnce(&Url) -> Http) -> Result<Self, Vec<Problem>> {
        let url = Base::parse(&options.token_url).map_err(|why| vec![Problem::at("auth/token_url", why)])?;
        let uri =
            options.token_url.parse().map_err(|_| vec![Problem::at("auth/token_url", "this is no URL")])?;
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let mut form = vec![("grant_type", "client_credentials".to_owned())];
        if !options.scopes.is_empty() {
            form.push(("scope", options.scopes.join(" ")));
        }
        form.extend(options.audience.clone().map(|audience| ("audience", audience)));
        let secret = options.client_secret.expose();
        let authorization = match options.client_auth {
            ClientAuth::Basic => Some(basic(&encoded(&options.client_id), &encoded(secret))),
            ClientAuth::Body => {
                form.push(("client_id", options.client_id.clone()));
                form.push(("client_secret", secret.to_owned()));
                None
            }
        };
        let form =
            form.into_iter().map(|(name, value)| format!("{name}={}", encoded(&value))).collect::<Vec<_>>();
        let request =
            Endpoint { http: http(&url.url), uri, authorization, form: Secret::new(form.join("&")) };
        Ok(Self { state: Mutex::default(), request: Arc::new(request) })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self, deadline: Deadline) -> Result<Token, Error> {
        let fetch = {
            let mut state = self.state();
            if let Some(token) = state.token.as_ref().filter(|token| token.until > Instant::now()) {
                return Ok(token.clone());
            }
            let running = state.fetch.as_ref().and_then(WeakShared::upgrade);
            running.unwrap_or_else(|| {
                let endpoint = Arc::clone(&self.request);
                let fetch: Shared<Fetch> =
                    async move { endpoint.fetch().await.map_err(Arc::new) }.boxed().shared();
                state.fetch = fetch.downgrade();
                fetch
            })
        };
        let outcome = tokio::time::timeout_at(deadline.instant(), fetch.clone()).await;
        let mut state = self.state();
        match outcome {
            Ok(Ok(token)) => {
                state.token = Some(token.clone());
                state.fetch = None;
                Ok(token)
            }
            Ok(Err(failed)) => {
                state.fetch = None;
                Err(error::request(&*failed))
            }
            Err(_) => Err(error::late("fetching a token", "timeout_secs")),
        }
    }
}

/// What a token endpoint answers.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<serde_json::Value>,
}

/// What it answers when it refuses.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Endpoint {
    async fn fetch(&self) -> Result<Token, Error> {
        let started = Instant::now();
        let body: ReqBody = full(Bytes::copy_from_slice(self.form.expose().as_bytes()));
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.extend(self.authorization.clone().map(|value| (header::AUTHORIZATION, value)));
        let limit = self.http.connect_timeout + self.http.bounds.read_timeout;
        let answer =
            self.http.exchange(request, Deadline::after(limit), Sending { whole: true, again: true }).await?;
        let status = answer.status;
        let body = answer.body.collect().await?;
        match status {
            200..=299 => token(&body, started),
            500.. | 429 => Err(error::away("oauth2", &format!("the token server answered {status}"))),
            _ => {
                let code =
                    serde_json::from_slice::<Refused>(&body).map(|refused| refused.error).unwrap_or_default();
                let code: String = code.chars().filter(char::is_ascii_graphic).take(60).collect();
                let text = format!(
                    "the token server refused us ({status} {code}); check auth: {{client_id, client_secret, scopes}}"
                );
                Err(Error::new(ErrorKind::Unauthenticated, text).fault(Fault::Host).code("oauth2"))
            }
        }
    }
}

/// Reads what a token endpoint answered.
fn token(body: &[u8], started: Instant) -> Result<Token, Error> {
    let wrong = || error::broken("oauth2", "the token server answered something that is no token");
    let granted: Granted = serde_json::from_slice(body).map_err(|_| wrong())?;
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", granted.access_token)).map_err(|_| wrong())?;
    value.set_sensitive(true);
    // Some servers write the number as a text.
    let seconds =
        granted.expires_in.and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
    let life = Duration::try_from_secs_f64(seconds.unwrap_or(300.0)).unwrap_or_default().min(LONGEST_LIFE);
    let margin = (life / 10).min(MARGIN);
    Ok(Token { value, until: started + (life - margin) })
}

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(30);
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);
