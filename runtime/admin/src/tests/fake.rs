//! A loader that understands a little language, and a client of the router.

use crate::{Admin, Login, Token, router};
use axum::Router;
use axum::body::Body;
use caisson_audit::Audit;
use caisson_background::Queue;
use caisson_capability::{
    BoxFuture, Catalog, Connections, Error, ErrorKind, Fault, Invocation, Invoker, Response, Schemas,
};
use caisson_channel::{HttpOptions, Routes, Table};
use caisson_cluster::Store;
use caisson_cluster::seal::Key;
use caisson_control::{Control, Live, Packages, Serving};
use caisson_engine::{LoadError, Package, ServiceInfo, Settings};
use caisson_service::{Deployer, Loader, Runnable};
use caisson_telemetry::{LogHub, Metrics};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

pub(super) const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Each line `service NAME` of a Python file is a service; a line `broken` is a syntax error.
struct FakeLoader;

struct FakeProgram(Vec<ServiceInfo>);

impl Loader for FakeLoader {
    fn load(
        &self,
        package: Package,
        _settings: Settings,
    ) -> BoxFuture<'_, Result<Arc<dyn Runnable>, LoadError>> {
        Box::pin(std::future::ready(load(&package)))
    }
}

fn load(package: &Package) -> Result<Arc<dyn Runnable>, LoadError> {
    let Package::Python { files, .. } = package else {
        return Ok(Arc::new(FakeProgram(vec![info(package.name(), "", 0)])));
    };
    let mut services = Vec::new();
    for file in files {
        let text = String::from_utf8_lossy(&file.content).into_owned();
        for (number, line) in (1_u32..).zip(text.lines()) {
            if line == "broken" {
                let mut error = LoadError::new("SyntaxError: invalid syntax");
                error.file = Some(file.path.clone());
                error.line = Some(number);
                error.traceback = Some(format!("  File \"{}\", line {number}\n    broken\n", file.path));
                return Err(error);
            }
            services.extend(line.strip_prefix("service ").map(|name| info(name, "Fake", number)));
        }
    }
    Ok(Arc::new(FakeProgram(services)))
}

fn info(name: &str, class: &str, line: u32) -> ServiceInfo {
    ServiceInfo {
        name: name.to_owned(),
        module: class.to_lowercase(),
        class_name: class.to_owned(),
        line,
        doc: Some("A fake.".to_owned()),
        schemas: Schemas {
            input: Some(r#"{"type":"object","properties":{"who":{"type":"string"}}}"#.to_owned()),
            output: None,
        },
    }
}

impl Runnable for FakeProgram {
    fn services(&self) -> &[ServiceInfo] {
        &self.0
    }

    fn image_bytes(&self) -> u64 {
        4_096
    }

    /// Answers what it was given, or fails when it is told to.
    fn invoke(
        self: Arc<Self>,
        invocation: Invocation,
        version: u32,
    ) -> BoxFuture<'static, Result<Response, Error>> {
        Box::pin(std::future::ready(answer(invocation, version)))
    }
}

fn answer(invocation: Invocation, version: u32) -> Result<Response, Error> {
    let Invocation { channel, principal, request, .. } = invocation;
    if request.body == "fail" {
        let error = Error::new(ErrorKind::Internal, "An error has occurred").fault(Fault::Service);
        return Err(error.detail("Traceback: secret"));
    }
    let http = request.http.unwrap_or_default();
    let body = json!({
        "channel": &*channel.name, "principal": principal.as_ref().map(|principal| &*principal.name), "version": version, "method": http.method,
        "path": http.path, "query": http.query, "headers": http.headers, "type": request.content_type,
        "body": String::from_utf8_lossy(&request.body),
    });
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-own".to_owned(), "1".to_owned()),
    ];
    Ok(Response { status: 202, headers, body: body.to_string().into(), ..Response::default() })
}

/// An API over a data folder of its own.
pub(super) struct Api {
    router: Router,
    pub(super) deployer: Deployer,
    pub(super) logs: Arc<LogHub>,
    pub(super) closing: CancellationToken,
    pub(super) folder: TempDir,
    _live: Live,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The details of an error, after a look at its shape.
    #[track_caller]
    pub(super) fn details(&self) -> String {
        let value = self.json();
        assert_eq!(value["result"], "Error", "{value}");
        assert_eq!(value["cid"], self.headers[caisson_channel::CID_HEADER].to_str().unwrap(), "{value}");
        value["details"].as_str().expect("a text").to_owned()
    }
}

impl Api {
    /// In development mode, nothing restored yet.
    pub(super) async fn starting() -> Self {
        Self::with(Login::Open).await
    }

    /// In development mode and ready.
    pub(super) async fn open() -> Self {
        let api = Self::starting().await;
        api.deployer.restore(None).await;
        api
    }

    pub(super) async fn with_token() -> Self {
        Self::with(Login::Token {
            token: Token::new(TOKEN).unwrap(),
            kept_in: PathBuf::from("data/admin.token"),
        })
        .await
    }

    async fn with(login: Login) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (metrics, logs) = (Arc::new(Metrics::default()), Arc::new(LogHub::default()));
        let deployer =
            Deployer::open(folder.path(), Arc::new(FakeLoader), Arc::clone(&metrics), Arc::clone(&logs))
                .unwrap();
        let closing = CancellationToken::new();
        let store = Store::embedded(&folder.path().join("state.db")).await.unwrap();
        let key = Arc::new(Key::load_or_create(&folder.path().join("secret.key")).unwrap());
        let control = Control::new(store, key, Catalog::default());
        let invoker: Arc<dyn Invoker> = deployer.registry();
        let connections: Arc<Connections> = Arc::default();
        let audit = Arc::new(Audit::open(&folder.path().join("audit.db")).await.unwrap());
        let file = folder.path().join("background.db");
        let background = Queue::open(&file, Default::default(), Arc::clone(&metrics)).await.unwrap();
        let serving = Serving {
            routes: Arc::new(Table::new(Routes::none())),
            connections: Arc::clone(&connections),
            services: deployer.registry(),
            invoker: Arc::downgrade(&invoker),
            dev: false,
        };
        let live = Live::start(&control, serving).unwrap();
        let router = router(Admin {
            login,
            packages: Packages::new(control.clone(), deployer.clone()),
            control,
            progress: live.progress(),
            inbound: live.inbound(),
            connections,
            audit,
            background: Arc::new(background),
            invoker: deployer.registry(),
            deployer: deployer.clone(),
            http: HttpOptions::default(),
            metrics,
            logs: Arc::clone(&logs),
            listen: ([127, 0, 0, 1], 17_010).into(),
            closing: closing.clone(),
        });
        Self { router, deployer, logs, closing, folder, _live: live }
    }

    pub(super) async fn response(&self, request: Request<Body>) -> http::Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Reply {
        let (head, body) = self.response(request).await.into_parts();
        let bytes = caisson_channel::body::collect(body, u64::MAX).await.unwrap();
        Reply {
            status: head.status,
            headers: head.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub(super) async fn call(&self, method: Method, path: &str) -> Reply {
        self.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path).await
    }

    pub(super) async fn put(&self, name: &str, media_type: &str, body: impl Into<Body>) -> Reply {
        let request = Request::put(format!("/api/v1/packages/{name}")).header("content-type", media_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    pub(super) async fn put_python(&self, name: &str, text: &'static str) -> Reply {
        self.put(name, "text/x-python", text).await
    }

    pub(super) async fn invoke(
        &self,
        name: &str,
        request: http::request::Builder,
        body: &'static str,
    ) -> Reply {
        let request = request.method(Method::POST).uri(format!("/api/v1/services/{name}/invoke"));
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}
