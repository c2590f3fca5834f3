//! What an operator writes of a connection to Redis.

use crate::url::Place;
use caisson_capability::Problem;
pub use caisson_capability::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

/// The options of a connection.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where Redis is: `redis://user:password@host:6379/0`; `rediss://` with TLS. `redis+sentinel://host:26379,host2:26379/master/0` finds
    /// the master by sentinels; `redis+cluster://host:6379,host2:6379` is a cluster. Or give `nodes`.
    pub url: Option<Secret>,
    /// In place of `url`: `host` or `host:port` of the server, of the sentinels, or of some nodes of the cluster, as `mode` says.
    pub nodes: Vec<String>,
    /// What `nodes` are.
    pub mode: Option<Mode>,
    /// With `mode: sentinel`: what the sentinels are asked for.
    pub sentinel: Sentinel,
    /// The user of Redis (ACL). Without one, a password is that of the user `default`.
    pub username: Option<String>,
    /// The password.
    pub password: Option<Secret>,
    /// Number of the database. A cluster has only 0.
    pub database: Option<u32>,
    /// Speak TLS, and how. Without it `rediss://` trusts what the system trusts.
    pub tls: Option<Tls>,
    /// Connections to a node.
    pub pool: Pool,
    /// The most that a command's reply, or the replies of a pipeline, may take, in bytes. Each part of a reply counts for 32 bytes more.
    #[schemars(range(min = 1024))]
    pub reply_bytes: usize,
    /// The most commands in a pipeline.
    #[schemars(range(min = 1))]
    pub pipeline_commands: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: None,
            nodes: Vec::new(),
            mode: None,
            sentinel: Sentinel::default(),
            username: None,
            password: None,
            database: None,
            tls: None,
            pool: Pool::default(),
            reply_bytes: 16 * 1024 * 1024,
            pipeline_commands: 10_000,
        }
    }
}

/// What answers at the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One server.
    #[default]
    Single,
    /// Sentinels, which know where the master is.
    Sentinel,
    /// Nodes of a cluster.
    Cluster,
}

/// How sentinels are asked.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sentinel {
    /// The name of the master.
    pub master: Option<String>,
    /// The user of the sentinels, if they want one.
    pub username: Option<String>,
    /// The password of the sentinels.
    pub password: Option<Secret>,
}

/// TLS.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Certificates (PEM) that are trusted in place of the system's.
    pub ca: Option<String>,
    /// Our own certificate and its chain (PEM), if Redis wants one.
    pub cert: Option<String>,
    /// Its key (PEM).
    pub key: Option<Secret>,
}

/// How many connections are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pool {
    /// Connections to one node, which are commands under way at the same time; more wait for their turn.
    #[schemars(range(min = 1, max = 10_000))]
    pub max: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { max: 16 }
    }
}

/// Options that were understood.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) sentinel: Sentinel,
    pub(crate) database: u32,
}

impl Config {
    /// Puts `url` and the options beside it together.
    pub(crate) fn target(&self) -> Result<Target, Vec<Problem>> {
        let parsed = match (&self.url, self.nodes.is_empty()) {
            (Some(url), true) => {
                crate::url::parse(url.expose()).map_err(|text| vec![Problem::at("url", text)])?
            }
            (None, false) => {
                crate::url::of_nodes(&self.nodes, self.mode.unwrap_or_default(), self.tls.is_some())
                    .map_err(|text| vec![Problem::at("nodes", text)])?
            }
            _ => return Err(vec![Problem::whole("give either `url` or `nodes`, where Redis is")]),
        };
        let mut place = parsed.place;
        place.tls |= self.tls.is_some();
        let mut sentinel = self.sentinel.clone();
        sentinel.master = parsed.master.or(sentinel.master);
        let target = Target {
            username: self.username.clone().or(parsed.username),
            password: self.password.clone().or(parsed.password),
            database: self.database.or(parsed.database).unwrap_or(0),
            place,
            sentinel,
        };
        let problems = self.problems(&target);
        if problems.is_empty() { Ok(target) } else { Err(problems) }
    }

    fn problems(&self, target: &Target) -> Vec<Problem> {
        let mut found = Vec::new();
        let mode = target.place.mode;
        if self.url.is_some() && self.mode.is_some_and(|said| said != mode) {
            found.push(Problem::at("mode", "`url` says another mode; `mode` goes with `nodes`"));
        }
        if mode == Mode::Sentinel && target.sentinel.master.is_none() {
            found
                .push(Problem::at("sentinel/master", "give the name of the master that the sentinels watch"));
        }
        if mode == Mode::Cluster && target.database != 0 {
            found.push(Problem::at("database", "a cluster has only the database 0; leave it out"));
        }
        if mode == Mode::Single && target.place.nodes.len() != 1 {
            found.push(Problem::at(
                "nodes",
                "`mode: single` takes one node; for more say `sentinel` or `cluster`",
            ));
        }
        if target.username.is_some() && target.password.is_none() {
            found.push(Problem::at("password", "a username needs a password"));
        }
        if self.tls.as_ref().is_some_and(|tls| tls.cert.is_some() != tls.key.is_some()) {
            found.push(Problem::at("tls", "`cert` and `key` go together"));
        }
        if self.pool.max == 0 {
            found.push(Problem::at(
                "pool/max",
                "has to be 1 or more: each command has a connection to itself",
            ));
        }
        found
    }
}
