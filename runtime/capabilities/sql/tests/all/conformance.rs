//! What is the same for all capabilities, with the servers that the tests share. What a real restart does to sessions is in `network`.

use crate::harness::{PASSWORD, and, shared_mariadb, shared_postgres};
use caisson_capability::{Capability, Error, Lease};
use caisson_conformance::Subject;
use caisson_sql::{Access, Client, Params, Scalar, Sql, Statement, Value};
use serde_json::{Value as Json, json};
use std::marker::PhantomData;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

mod postgres {
    caisson_conformance::suite!(super::Database<super::Postgres>);
}

mod mysql {
    caisson_conformance::suite!(super::Database<super::MariaDb>);
}

/// What differs from database to database.
trait Kind: Send + Sync + 'static {
    const SCHEME: &'static str;
    /// There from the beginning.
    const DATABASE: &'static str;
    /// Answers its parameter, a number.
    const ECHO: &'static str;
    /// Takes a minute.
    const SLOW: &'static str;

    fn port() -> impl Future<Output = u16>;
}

struct Postgres;

impl Kind for Postgres {
    const SCHEME: &'static str = "postgres";
    const DATABASE: &'static str = "postgres";
    const ECHO: &'static str = "select $1::bigint";
    const SLOW: &'static str = "select pg_sleep(60)::text";

    async fn port() -> u16 {
        shared_postgres().await.port
    }
}

struct MariaDb;

impl Kind for MariaDb {
    const SCHEME: &'static str = "mysql";
    const DATABASE: &'static str = "information_schema";
    const ECHO: &'static str = "select cast(? as signed)";
    const SLOW: &'static str = "select sleep(60)";

    async fn port() -> u16 {
        shared_mariadb().await.port
    }
}

struct Database<K> {
    port: u16,
    kind: PhantomData<K>,
}

impl<K: Kind> Subject for Database<K> {
    type Client = Client;

    const OPERATION: &'static str = "query";

    const SAMPLE: &'static str = include_str!("../../sample.yaml");

    async fn start() -> Self {
        Self { port: K::port().await, kind: PhantomData }
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::new(Sql)
    }

    fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn options(&self, address: SocketAddr) -> Json {
        json!({"url": format!("{}://app:{PASSWORD}@{address}/{}", K::SCHEME, K::DATABASE)})
    }

    fn secret(&self) -> Option<&str> {
        Some(PASSWORD)
    }

    fn wrong(&self, address: SocketAddr) -> Vec<(Json, &'static str)> {
        let (good, scheme) = (self.options(address), K::SCHEME);
        vec![
            (json!({"url": format!("oracle://app:{PASSWORD}@{address}/x")}), "url"),
            (json!({"url": format!("{scheme}://app:{PASSWORD}@{address}/x?password={PASSWORD}")}), "url"),
            (json!({"url": format!("{scheme}://{PASSWORD}:x/y:z@/")}), "url"),
            (and(&good, &json!({"username": "app"})), "username"),
            (and(&good, &json!({"password": PASSWORD})), "password"),
            (and(&good, &json!({"pool": {"min": 20}})), "pool/min"),
        ]
    }

    fn single(&self, address: SocketAddr) -> Option<Json> {
        Some(and(&self.options(address), &json!({"pool": {"max": 1}})))
    }

    async fn work(&self, lease: Lease<Client>, number: u64) -> Result<(), Error> {
        let number = Value::Scalar(Scalar::Int(i64::try_from(number).unwrap()));
        let statement =
            Statement { params: Params::Positional(vec![number.clone()]), ..Statement::new(K::ECHO) };
        let rows = Access::new(lease).query(&statement).await?.rows;
        assert_eq!(rows, [[number]], "an answer to another call");
        Ok(())
    }

    fn slow(&self, lease: Lease<Client>) -> Option<impl Future<Output = Result<(), Error>> + Send> {
        Some(async move { Access::new(lease).query(&Statement::new(K::SLOW)).await.map(drop) })
    }
}
