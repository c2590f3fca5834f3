//! What is the same for all capabilities, with the PostgreSQL that the tests share. What a real restart does to sessions is in `network`.

use crate::harness::{PASSWORD, and, shared_postgres};
use caisson_capability::{Capability, Error, Lease};
use caisson_conformance::Subject;
use caisson_sql::{Access, Client, Params, Scalar, Sql, Statement, Value};
use serde_json::{Value as Json, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

caisson_conformance::suite!(Postgres);

struct Postgres {
    port: u16,
}

impl Subject for Postgres {
    type Client = Client;

    const OPERATION: &'static str = "query";

    const SAMPLE: &'static str = include_str!("../../sample.yaml");

    async fn start() -> Self {
        Self { port: shared_postgres().await.port }
    }

    fn capability(&self) -> Arc<dyn Capability> {
        Arc::new(Sql)
    }

    fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn options(&self, address: SocketAddr) -> Json {
        json!({"url": format!("postgres://app:{PASSWORD}@{address}/postgres")})
    }

    fn secret(&self) -> Option<&str> {
        Some(PASSWORD)
    }

    fn wrong(&self, address: SocketAddr) -> Vec<(Json, &'static str)> {
        let good = self.options(address);
        vec![
            (json!({"url": format!("oracle://app:{PASSWORD}@{address}/x")}), "url"),
            (json!({"url": format!("postgres://app:{PASSWORD}@{address}/x?password={PASSWORD}")}), "url"),
            (json!({"url": format!("postgres://{PASSWORD}:x/y:z@/")}), "url"),
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
        let statement = Statement {
            params: Params::Positional(vec![number.clone()]),
            ..Statement::new("select $1::bigint")
        };
        let rows = Access::new(lease).query(&statement).await?.rows;
        assert_eq!(rows, [[number]], "an answer to another call");
        Ok(())
    }

    fn slow(&self, lease: Lease<Client>) -> Option<impl Future<Output = Result<(), Error>> + Send> {
        Some(
            async move { Access::new(lease).query(&Statement::new("select pg_sleep(60)::text")).await.map(drop) },
        )
    }
}
