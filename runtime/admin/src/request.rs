//! What is taken from a request, with errors in the API's own shape.

use crate::problem::ApiError;
use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query};
use caisson_channel::body;
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

/// The `{name}` of a path, decoded.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Self(name)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}

/// The number of a path.
pub(crate) struct Number(pub(crate) u64);

impl<S: Send + Sync> FromRequestParts<S> for Number {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let number = Path::<u64>::from_request_parts(parts, state).await;
        number.map(|Path(number)| Self(number)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}

/// Largest body of JSON: 10,000 channels are 4 MiB.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// A body of JSON.
pub(crate) async fn read<T: DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    let bytes = body::collect(body, MAX_JSON_BYTES).await.map_err(|error| {
        let status = match &error {
            body::BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            body::BodyError::TimedOut { .. } => StatusCode::REQUEST_TIMEOUT,
            _ => StatusCode::BAD_REQUEST,
        };
        ApiError::new(status, error.to_string())
    })?;
    // Of the text only the place is told: it may hold a secret.
    serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let what = match error.classify() {
            serde_json::error::Category::Data => {
                "this is JSON, but not of the shape that the API document gives"
            }
            _ => "this is no JSON",
        };
        ApiError::bad_request(format!("line {line}, column {column}: {what}"))
    })
}

/// The parameters after the `?`.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(params)| Self(params)).map_err(|error| ApiError::bad_request(error.body_text()))
    }
}
