//! The address of the database as `tokio_postgres` wants it, from what `sqlx` has read: the same server, login and TLS.

mod tls;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use thiserror::Error;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

pub(crate) use self::tls::Tls;

/// Nobody can connect with it.
#[derive(Debug, Error)]
pub(crate) enum BadAddress {
    #[error("the file {file} of the database's {what} cannot be read: {source}")]
    File { what: &'static str, file: String, source: std::io::Error },
    #[error("the database's {what} is no PEM: {reason}")]
    Pem { what: &'static str, reason: String },
    #[error("TLS to the database: {0}")]
    Tls(String),
}

/// Server, login and TLS.
pub(crate) async fn of(options: &PgConnectOptions) -> Result<(Config, Tls), BadAddress> {
    let mut config = Config::new();
    match options.get_socket() {
        Some(folder) => config.host_path(folder),
        // An IPv6 address stands in brackets in a URL, and nowhere else.
        None => config.host(options.get_host().trim_start_matches('[').trim_end_matches(']')),
    };
    config.port(options.get_port()).user(options.get_username());
    if let Some(database) = options.get_database() {
        config.dbname(database);
    }
    if let Some(application) = options.get_application_name() {
        config.application_name(application);
    }
    if let Some(settings) = options.get_options() {
        config.options(settings);
    }
    config.ssl_mode(match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow => SslMode::Disable,
        PgSslMode::Prefer => SslMode::Prefer,
        PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => SslMode::Require,
    });
    let secrets = Secrets::of(options);
    if let Some(password) = &secrets.password {
        config.password(password);
    }
    let tls = Tls::new(options.get_ssl_mode(), &secrets).await?;
    Ok((config, tls))
}

/// What the options keep to themselves, wherever they had it from: the URL, the environment, a password file.
struct Secrets {
    password: Option<Vec<u8>>,
    root_certificate: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Secrets {
    fn of(options: &PgConnectOptions) -> Self {
        // Any host and login do, and these are sure to make a URL.
        let url = options.clone().host("localhost").username("nobody").to_url_lossy();
        let parameter = |name| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| as_given(&value));
        Self {
            password: url.password().map(|password| Cow::from(percent_decode_str(password)).into_owned()),
            root_certificate: parameter("sslrootcert"),
            certificate: parameter("sslcert"),
            key: parameter("sslkey"),
        }
    }
}

/// `sqlx` shows the name of a file behind a word for what it is.
fn as_given(shown: &str) -> String {
    shown.strip_prefix("file: ").unwrap_or(shown).to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio_postgres::config::Host;

    use super::*;

    async fn config(url: &str) -> Config {
        let options: PgConnectOptions = url.parse().unwrap();
        of(&options).await.unwrap().0
    }

    #[tokio::test]
    async fn everything_of_the_address_is_kept() {
        let url = "postgres://a%20b:p%40ss%2Fw%C3%B6rd@[::1]:6543/the-log?application_name=us&options=-c%20geqo%3Doff";
        let config = config(url).await;
        assert_eq!(config.get_hosts(), [Host::Tcp("::1".to_owned())]);
        assert_eq!(config.get_ports(), [6543]);
        assert_eq!((config.get_user(), config.get_dbname()), (Some("a b"), Some("the-log")));
        assert_eq!(config.get_password(), Some("p@ss/wörd".as_bytes()));
        assert_eq!((config.get_application_name(), config.get_options()), (Some("us"), Some("-c geqo=off")));
        assert_eq!(config.get_ssl_mode(), SslMode::Prefer);
    }

    #[tokio::test]
    async fn a_socket_is_a_folder() {
        let config = config("postgres:///the-log?host=/run/postgres&user=me").await;
        assert_eq!(config.get_hosts(), [Host::Unix("/run/postgres".into())]);
        assert_eq!(config.get_user(), Some("me"));
    }

    #[tokio::test]
    async fn tls_is_as_strict_as_asked() {
        let modes = [("disable", SslMode::Disable), ("prefer", SslMode::Prefer), ("require", SslMode::Require)];
        for (mode, expected) in modes.into_iter().chain([("verify-full", SslMode::Require)]) {
            let url = format!("postgres://me@localhost/log?sslmode={mode}");
            assert_eq!(config(&url).await.get_ssl_mode(), expected, "{mode}");
        }
    }

    #[tokio::test]
    async fn a_certificate_that_is_not_there_is_named() {
        let options = "postgres://me@localhost/log?sslmode=verify-ca&sslrootcert=/nowhere.pem".parse().unwrap();
        let error = of(&options).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("file /nowhere.pem of"), "{error}");
    }

    #[tokio::test]
    async fn a_client_certificate_comes_with_its_key() {
        let options = "postgres://me@localhost/log?sslcert=/nowhere.pem".parse().unwrap();
        let error = of(&options).await.map(drop).unwrap_err();
        assert!(error.to_string().contains("go together"), "{error}");
    }
}
