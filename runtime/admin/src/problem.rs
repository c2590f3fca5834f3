//! Every error of the API, in one shape: `{"result":"Error","cid":...,"details":...}`.

use crate::shapes::Problem;
use axum::response::{IntoResponse, Response};
use caisson_capability::{Cid, ErrorKind};
use caisson_channel::CID_HEADER;
use caisson_control::{ControlError, ControlErrorKind, PackageError};
use caisson_service::{DeployError, SourceError};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};

/// When to ask again for what needs the state store: it has a new leader within seconds, if it gets one at all.
const SOON: HeaderValue = HeaderValue::from_static("5");

/// An error on its way out. Boxed: most results are no errors and should be small.
#[derive(Debug)]
pub(crate) struct ApiError(Box<Content>);

#[derive(Debug)]
struct Content {
    status: StatusCode,
    problem: Problem,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An error with a text that says what to do.
    pub(crate) fn new(status: StatusCode, details: impl Into<String>) -> Self {
        Self(Box::new(Content {
            status,
            problem: Problem::new(Cid::new().as_str(), details),
            headers: Vec::new(),
        }))
    }

    /// The request does not make sense.
    pub(crate) fn bad_request(details: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, details)
    }

    /// There is no such thing.
    pub(crate) fn not_found(details: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, details)
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Content { status, problem, headers } = *self.0;
        let cid = problem.cid.as_str();
        // Not being ready is a state, and monitoring asks every few seconds.
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(cid, status = status.as_u16(), "admin API: {}", problem.details);
        } else {
            tracing::debug!(cid, status = status.as_u16(), "admin API: {}", problem.details);
        }
        // Texts and numbers can always be written as JSON.
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(value) = HeaderValue::from_str(cid) {
            response.headers_mut().insert(CID_HEADER, value);
        }
        response.headers_mut().extend(headers);
        response
    }
}

impl From<DeployError> for ApiError {
    /// Whoever deploys is the developer: the place and the traceback are for them.
    fn from(error: DeployError) -> Self {
        let Self(mut content) = Self::new(status_of(&error), error.to_string());
        if content.status == StatusCode::UNPROCESSABLE_ENTITY {
            content.problem.message = Some(match &error {
                DeployError::Load(error) => error.message.clone(),
                DeployError::Source(SourceError::Settings(error)) => error.message.clone(),
                other => other.to_string(),
            });
            content.problem.file = error.file().map(str::to_owned);
            content.problem.line = error.line();
            content.problem.traceback = error.traceback().map(str::to_owned);
        }
        Self(content)
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        let status = match error.kind {
            ControlErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ControlErrorKind::Conflict => StatusCode::CONFLICT,
            ControlErrorKind::NotFound => StatusCode::NOT_FOUND,
            ControlErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ControlErrorKind::Full => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let answer = Self::new(status, error.message);
        if status == StatusCode::SERVICE_UNAVAILABLE { answer.header(RETRY_AFTER, SOON) } else { answer }
    }
}

impl From<PackageError> for ApiError {
    fn from(error: PackageError) -> Self {
        match error {
            PackageError::Deploy(error) => error.into(),
            PackageError::Control(error) => error.into(),
            other => Self::new(StatusCode::INTERNAL_SERVER_ERROR, other.to_string()),
        }
    }
}

impl From<SourceError> for ApiError {
    fn from(error: SourceError) -> Self {
        DeployError::Source(error).into()
    }
}

fn status_of(error: &DeployError) -> StatusCode {
    use SourceError::{PackageTooLarge, TooLarge, TooManyFiles, Unpacked};
    if let DeployError::Source(
        TooLarge { .. } | PackageTooLarge { .. } | TooManyFiles { .. } | Unpacked { .. },
    ) = error
    {
        return StatusCode::PAYLOAD_TOO_LARGE;
    }
    match error.kind() {
        ErrorKind::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
