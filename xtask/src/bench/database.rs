//! A service that reads one row from PostgreSQL, beside axum with sqlx and FastAPI with asyncpg.

use super::{
    Bench, behind,
    contenders::{self, AXUM, FASTAPI},
    race::{self, Runner},
    report::Table,
};
use crate::{guests, server::Start, tools};
use anyhow::{Context as _, Result};
use serde_json::json;
use std::fs;

const SERVICE: &str = "\
from caisson import Service, sql


class Find(Service):
    def handle(self):
        wanted = int(self.request.http.GET['id'])
        row = sql.connect('crm-db').one('select id, name, email from customers where id = $1', wanted)
        self.response.payload = dict(row)
";

pub(super) fn measure(bench: &Bench<'_>) -> Result<Table> {
    tools::install(&[tools::WRK])?;
    let database = behind::postgres()?;
    let (services, data) = (bench.empty_folder("services")?, bench.empty_folder("data")?);
    let example = guests::rust(bench.context)?.folder.join("customer.wasm");
    // Each twice: as it is granted to read, and as it is granted to write as well.
    for kind in ["", "_writes"] {
        fs::write(services.join(format!("crm{kind}.py")), SERVICE)?;
        fs::copy(&example, services.join(format!("customer{kind}.wasm")))
            .context("the example is not built")?;
    }
    let server = Start::quiet(&bench.binary, &services, &data).run()?;
    race::apply(
        &server,
        &json!({
            "connections": [{"name": "crm-db", "type": "sql", "url": database.url, "tls": {"mode": "disable"}, "pool": {"max": 10}}],
            "grants": [
                {"services": ["*"], "connection": "crm-db", "operations": ["query"]},
                {"services": ["crm-writes.find", "customer-writes"], "connection": "crm-db", "operations": ["execute"]},
            ],
        }),
    )?;
    let axum = contenders::bare_axum(bench.context, Some(&database.url))?;
    let fastapi = contenders::bare_fastapi(bench.context, Some(&database.url))?;
    let runners = [
        Runner::new("Caisson, Python, may only read", &server.listen, "/services/crm.find?id=7"),
        Runner::new("Caisson, Python, may write", &server.listen, "/services/crm-writes.find?id=7"),
        Runner::new("Caisson, Rust, may only read", &server.listen, "/services/customer?id=7"),
        Runner::new("Caisson, Rust, may write", &server.listen, "/services/customer-writes?id=7"),
        Runner::new(AXUM, &axum.address, "/customer?id=7"),
        Runner::new(FASTAPI, &fastapi.address, "/customer?id=7"),
    ];
    let mut table = race::run(bench, &runners, &[1, 16, 64], &[AXUM, FASTAPI])?;
    table.note(
        "All read the same row with a prepared statement, have ten connections with the database, and answer JSON. Caisson gives every \
         request a pristine instance. Whoever may only read does so in a READ ONLY transaction of its own, which are two more round trips; \
         nobody else here is held to that.",
    );
    server.stop()?;
    Ok(table)
}
