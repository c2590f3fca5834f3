//! Packages: what is deployed, its history, deploying, undeploying.

use crate::auth::Caller;
use crate::problem::ApiError;
use crate::request::{Name, Params};
use crate::router::Shared;
use crate::shapes::{Deployed, HistoryEntry, Package, PackageNeed, Problem, RolledBack, Undeployed, Upload};
use crate::upload;
use axum::body::Body;
use axum::extract::State;
use axum::{Extension, Json};
use caisson_service::{Deployment, PackageStatus};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

/// All packages, sorted by name.
#[utoipa::path(
    get,
    path = "/api/v1/packages",
    tag = "packages",
    security(("token" = [])),
    responses(
        (status = 200, description = "All packages, sorted by name", body = [Package]),
        (status = 401, description = "The token is missing or wrong", body = Problem)
    )
)]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<Vec<Package>> {
    Json(shared.admin.deployer.list().into_iter().map(Package::from).collect())
}

/// One package.
#[utoipa::path(
    get,
    path = "/api/v1/packages/{name}",
    tag = "packages",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the package", example = "hello")),
    responses(
        (status = 200, description = "The package", body = Package),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 404, description = "There is none of this name", body = Problem)
    )
)]
pub(crate) async fn get(State(shared): State<Shared>, Name(name): Name) -> Result<Json<Package>, ApiError> {
    find(&shared, &name).map(|status| Json(status.into())).ok_or_else(|| unknown(&name))
}

/// The versions of a package that are kept, oldest first.
#[utoipa::path(
    get,
    path = "/api/v1/packages/{name}/history",
    tag = "packages",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the package", example = "hello")),
    responses(
        (status = 200, description = "The versions, oldest first", body = [HistoryEntry]),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 404, description = "There has never been one of this name", body = Problem)
    )
)]
pub(crate) async fn history(
    State(shared): State<Shared>,
    Name(name): Name,
) -> Result<Json<Vec<HistoryEntry>>, ApiError> {
    let versions = shared.admin.deployer.history(&name);
    if versions.is_empty() {
        return Err(unknown(&name));
    }
    let current = find(&shared, &name).and_then(|status| status.version);
    Ok(Json(HistoryEntry::all_of(versions, current)))
}

/// Deploys a package on all servers: here the new version answers when this does.
#[utoipa::path(
    put,
    path = "/api/v1/packages/{name}",
    tag = "packages",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the package", example = "hello")),
    request_body(
        description = "A component, one Python module, or the files of a package, also as a zip archive. The name in the path counts, whatever name its service.toml has",
        content(
            (Upload = "application/json"),
            (String = "text/x-python", example = json!("from caisson import Service\n\nclass Hello(Service):\n    ...\n")),
            (Vec<u8> = "application/zip"),
            (Vec<u8> = "application/wasm")
        )
    ),
    responses(
        (status = 200, description = "A new version answers, or the same content did already", body = Deployed),
        (status = 201, description = "The package is new", body = Deployed),
        (status = 400, description = "The body is malformed", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 409, description = "The name of the package or of a service belongs to another", body = Problem),
        (status = 413, description = "The package is too large", body = Problem),
        (status = 415, description = "The media type is none of a package", body = Problem),
        (status = 503, description = "The state store is away; nothing has changed", body = Problem),
        (
            status = 422,
            description = "The package is broken; what ran before goes on",
            body = Problem,
            example = json!({
                "result": "Error", "cid": "0h2k7m3p9q4r8s1t5v6w2x0y",
                "details": "hello.py:3: SyntaxError: invalid syntax", "file": "hello.py", "line": 3,
                "message": "SyntaxError: invalid syntax", "traceback": "  File \"hello.py\", line 3\n..."
            })
        )
    )
)]
pub(crate) async fn deploy(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Deployed>), ApiError> {
    let source = upload::read(&name, &headers, body).await?;
    let is_new = find(&shared, &name).is_none_or(|status| status.version.is_none());
    let deployment = shared.admin.packages.deploy(source, &caller.name).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(answer(deployment))))
}

/// Where to go back to.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Target {
    /// The version, as its history has it. By default the one before the one that answers.
    to: Option<u32>,
}

/// Makes a package what it was at an earlier version, on all servers. It is a deployment of its own, with the next number.
#[utoipa::path(
    post,
    path = "/api/v1/packages/{name}/rollback",
    tag = "packages",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the package, or of a service in it", example = "hello"), Target),
    responses(
        (status = 200, description = "The earlier content answers, as a new version", body = RolledBack),
        (status = 400, description = "The version is no number", body = Problem),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "There is no such package or service, or the version is not kept", body = Problem),
        (
            status = 409,
            description = "It has no earlier version, it lives in the services folder, or another package has one of its names",
            body = Problem
        ),
        (status = 422, description = "The earlier version does not load any more; what ran goes on", body = Problem),
        (status = 503, description = "The state store is away; nothing has changed", body = Problem)
    )
)]
pub(crate) async fn rollback(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
    Params(target): Params<Target>,
) -> Result<Json<RolledBack>, ApiError> {
    let done = shared.admin.packages.rollback(&name, target.to, &caller.name).await?;
    Ok(Json(RolledBack { to: done.to, deployed: answer(done.deployment) }))
}

/// Takes a package and its services away. Requests in flight are finished.
#[utoipa::path(
    delete,
    path = "/api/v1/packages/{name}",
    tag = "packages",
    security(("token" = [])),
    params(("name" = String, Path, description = "Name of the package", example = "hello")),
    responses(
        (status = 200, description = "It is gone", body = Undeployed),
        (status = 401, description = "The token is missing or wrong", body = Problem),
        (status = 403, description = "The caller's role does not allow it", body = Problem),
        (status = 404, description = "There is none of this name", body = Problem),
        (
            status = 409,
            description = "It lives in the services folder and would come back from there",
            body = Problem
        ),
        (status = 503, description = "The state store is away; nothing has changed", body = Problem)
    )
)]
pub(crate) async fn undeploy(
    State(shared): State<Shared>,
    Extension(caller): Extension<Caller>,
    Name(name): Name,
) -> Result<Json<Undeployed>, ApiError> {
    shared.admin.packages.undeploy(&name, &caller.name).await?;
    Ok(Json(Undeployed { package: name }))
}

fn find(shared: &Shared, name: &str) -> Option<PackageStatus> {
    shared.admin.deployer.list().into_iter().find(|status| status.package == name)
}

fn unknown(name: &str) -> ApiError {
    ApiError::not_found(format!("no package named {name:?} is deployed"))
}

fn answer(deployment: Deployment) -> Deployed {
    Deployed {
        package: deployment.package,
        version: deployment.version,
        services: deployment.services.into_iter().map(|service| service.name).collect(),
        unchanged: deployment.unchanged,
        label: deployment.about.label,
        needs: deployment.about.needs.into_iter().map(PackageNeed::from).collect(),
    }
}
