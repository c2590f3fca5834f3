//! What a server is told, checked before anything is touched.

use crate::exit::usage;
use caisson_channel::HttpOptions;
use caisson_cluster::kv::etcd::Password;
use caisson_service::ServicesFolder;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How long the admin port may take to finish once the services' port has.
const ADMIN_DRAIN: Duration = Duration::from_secs(2);

/// How long an upload may take: 64 MiB over a slow line.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(300);

/// What a server is told.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Where everything is kept that survives a restart.
    pub(crate) data: PathBuf,
    /// The folder whose files are deployed as they are saved.
    pub(crate) services: Option<ServicesFolder>,
    /// Where services answer.
    pub(crate) listen: SocketAddr,
    /// Where the admin API answers.
    pub(crate) admin_listen: SocketAddr,
    /// Development mode.
    pub(crate) dev: bool,
    /// The compiled Python interpreter.
    pub(crate) python: PathBuf,
    /// This program's own file.
    pub(crate) program: PathBuf,
    /// Messages inside guests at a time.
    pub(crate) max_active: usize,
    /// Limits of the services' port.
    pub(crate) http: HttpOptions,
    /// Configuration that Python packages are given; a folder that was asked for has to be there.
    pub(crate) user_conf: Option<PathBuf>,
    /// Names of locks and caches are the same for all packages.
    pub(crate) shared_names: bool,
    /// Definitions that are applied at the start.
    pub(crate) config: Option<PathBuf>,
    /// What the services' port proves its identity with; none for plain HTTP.
    pub(crate) tls: Option<TlsOptions>,
    /// Where the state is.
    pub(crate) state: StateOptions,
}

/// Files of a port that speaks TLS.
#[derive(Debug)]
pub(crate) struct TlsOptions {
    /// Certificate chain.
    pub(crate) cert: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
    /// Authorities that vouch for clients.
    pub(crate) client_ca: Option<PathBuf>,
}

/// Where the state is.
#[derive(Debug, Default)]
pub(crate) struct StateOptions {
    /// Addresses of etcd; none for a state in the data folder.
    pub(crate) etcd: Vec<String>,
    /// Where in etcd.
    pub(crate) prefix: String,
    /// User of etcd.
    pub(crate) user: Option<String>,
    /// The user's password.
    pub(crate) password: Option<Password>,
    /// Authority of etcd's certificates.
    pub(crate) ca: Option<PathBuf>,
    /// Certificate for etcd.
    pub(crate) cert: Option<PathBuf>,
    /// Key of that certificate.
    pub(crate) key: Option<PathBuf>,
    /// Name of this server in the cluster.
    pub(crate) node: Option<String>,
    /// Where the key for secrets is, when not in the data folder.
    pub(crate) secret_key: Option<PathBuf>,
}

impl Plan {
    /// Refuses what does not make sense.
    ///
    /// # Errors
    ///
    /// Development mode on an address that others can reach; one address for two ports; a folder that is not there.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        for (option, address) in [("--listen", self.listen), ("--admin-listen", self.admin_listen)] {
            if self.dev && !address.ip().is_loopback() {
                return Err(usage(format!(
                    "--dev is for this machine only: without a login anybody who reaches {option} {address} could deploy \
                     and call services; remove --dev, or listen on 127.0.0.1:{port}",
                    port = address.port()
                )));
            }
        }
        if let Some(folder) = self.user_conf.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(usage(format!(
                "--user-conf {} is no folder: make it, or leave the option out to use user-conf in the data folder",
                folder.display()
            )));
        }
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            return Err(usage(format!(
                "--listen and --admin-listen are both {}: services and the admin API need a port each",
                self.listen
            )));
        }
        Ok(())
    }

    /// Limits of the admin port: as those of the services' port, with time for uploads.
    pub(crate) fn admin_http(&self) -> HttpOptions {
        HttpOptions { body_timeout: UPLOAD_TIMEOUT, drain_timeout: ADMIN_DRAIN, ..self.http.clone() }
    }

    /// Where the admin token is kept.
    pub(crate) fn token_file(&self) -> PathBuf {
        self.data.join("admin.token")
    }

    /// Where the key for secrets is.
    pub(crate) fn secret_key(&self) -> PathBuf {
        self.state.secret_key.clone().unwrap_or_else(|| self.data.join("secret.key"))
    }

    /// Where the configuration is that Python packages are given.
    pub(crate) fn user_conf(&self) -> PathBuf {
        self.user_conf.clone().unwrap_or_else(|| self.data.join("user-conf"))
    }

    /// Where compiled components are kept.
    pub(crate) fn cache(&self) -> PathBuf {
        self.data.join("compiled")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    fn plan(listen: &str, admin_listen: &str, dev: bool) -> Plan {
        Plan {
            data: ".caisson".into(),
            services: None,
            listen: listen.parse().unwrap(),
            admin_listen: admin_listen.parse().unwrap(),
            dev,
            python: "p".into(),
            program: "c".into(),
            max_active: 1,
            http: HttpOptions::default(),
            user_conf: None,
            shared_names: false,
            config: None,
            tls: None,
            state: StateOptions::default(),
        }
    }

    #[test]
    fn development_mode_stays_on_this_machine() {
        for (listen, admin, option) in [
            ("0.0.0.0:17010", "127.0.0.1:8183", "--listen 0.0.0.0:17010"),
            ("127.0.0.1:17010", "[::]:8183", "--admin-listen [::]:8183"),
            ("192.168.1.5:1", "127.0.0.1:2", "--listen 192.168.1.5:1"),
        ] {
            let error = plan(listen, admin, true).check().unwrap_err();
            assert!(error.to_string().contains(option), "{error}");
            assert_eq!(Exit::of(&error), Exit::Usage);
            plan(listen, admin, false).check().unwrap();
        }
        plan("127.0.0.1:17010", "[::1]:8183", true).check().unwrap();
        plan("127.8.8.8:17010", "127.0.0.1:8183", true).check().unwrap();
    }

    #[test]
    fn two_ports_need_two_addresses() {
        assert!(plan("127.0.0.1:80", "127.0.0.1:80", false).check().is_err());
        plan("127.0.0.1:0", "127.0.0.1:0", false).check().unwrap();
    }
}
