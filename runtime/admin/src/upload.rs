//! A request's body as a package.

use crate::problem::ApiError;
use crate::shapes::{Upload, UploadFile};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use caisson_channel::body::{self, BodyError};
use caisson_service::{PackageSource, SourceFile};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap};

/// Largest upload. Twenty times the largest component seen so far.
pub(crate) const MAX_UPLOAD_BYTES: u64 = 64 << 20;

/// The file with a package's settings.
const SETTINGS_FILE: &str = "service.toml";

/// Reads the body and makes the package that it holds.
///
/// # Errors
///
/// A media type that is none of a package, a body that is too large or malformed, names and files that cannot be
/// used.
pub(crate) async fn read(name: &str, headers: &HeaderMap, body: Body) -> Result<PackageSource, ApiError> {
    let form = Form::of(headers)?;
    let name = name.to_owned();
    let body = body::collect(body, MAX_UPLOAD_BYTES).await.map_err(refused)?;
    if body.is_empty() {
        return Err(ApiError::bad_request("the body is empty: send the package in it"));
    }
    // Unpacking and checking up to the limits takes a while.
    let packing = tokio::task::spawn_blocking(move || package(form, &name, body));
    packing.await.map_err(|failure| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()))?
}

fn package(form: Form, name: &str, body: Bytes) -> Result<PackageSource, ApiError> {
    match form {
        Form::Component => Ok(PackageSource::from_file(&format!("{name}.wasm"), body, None)?),
        Form::Module => Ok(PackageSource::from_file(&format!("{name}.py"), body, None)?),
        Form::Archive => Ok(PackageSource::from_zip(name, &body)?),
        Form::Files => files(name, &body),
    }
}

fn refused(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLarge { limit } => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the upload is larger than {limit} bytes; remove what the services do not need"),
        ),
        other => ApiError::bad_request(other.to_string()),
    }
}

/// What a body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Component,
    Module,
    Archive,
    Files,
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match media_type.as_str() {
            "application/wasm" => Ok(Self::Component),
            "text/x-python" => Ok(Self::Module),
            "application/zip" | "application/x-zip-compressed" => Ok(Self::Archive),
            "application/json" => Ok(Self::Files),
            _ => Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!(
                    "the media type {given:?} is none of a package: send application/wasm for a component, \
                     text/x-python for one Python module, application/zip for a folder, or application/json with files"
                ),
            )),
        }
    }
}

fn files(name: &str, body: &[u8]) -> Result<PackageSource, ApiError> {
    let upload: Upload = serde_json::from_slice(body).map_err(|error| {
        ApiError::bad_request(format!(
            "the body is not {{\"files\": [{{\"path\", \"content\"}}], \"settings\": text or null}}: {error}"
        ))
    })?;
    let mut files = upload.files.into_iter().map(decode).collect::<Result<Vec<SourceFile>, ApiError>>()?;
    if let Some(settings) = upload.settings {
        if files.iter().any(|file| file.path == SETTINGS_FILE) {
            return Err(ApiError::bad_request(format!(
                "settings are given twice: as text and as {SETTINGS_FILE}"
            )));
        }
        files.push(SourceFile { path: SETTINGS_FILE.to_owned(), content: Bytes::from(settings) });
    }
    Ok(PackageSource::from_files(name, files)?)
}

fn decode(file: UploadFile) -> Result<SourceFile, ApiError> {
    match STANDARD.decode(&file.content) {
        Ok(content) => Ok(SourceFile { path: file.path, content: content.into() }),
        Err(error) => Err(ApiError::bad_request(format!(
            "the content of {:?} is not base64 with padding: {error}",
            file.path
        ))),
    }
}
