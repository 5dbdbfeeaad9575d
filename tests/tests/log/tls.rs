//! The batcher's connection is as safe as its address asks for.

use std::time::Duration;

use event_log::{AppendError, Verdict};
use rcgen::generate_simple_self_signed;
use reqwest::Url;
use sqlx::PgPool;
use tests::log_world::{LogProcess, LogWorld, PATIENCE, eventually, rows_of, rule_events};
use tests::world::{folders, postgres};

type Parameter<'a> = (&'a str, &'a str);

/// What a server that cannot be trusted is given.
const SHORT: Duration = Duration::from_millis(500);

/// A server with a certificate of its own for `localhost`.
struct Encrypted {
    world: LogWorld,
    /// Of the certificate.
    pem: String,
    _server: postgres::Server,
}

impl Encrypted {
    async fn start() -> anyhow::Result<Self> {
        let options = postgres::Options::fast_tests();
        let server = postgres::Server::start(&folders::scratch("tls")?, options).await?;
        let world = LogWorld::on(&server.url("postgres")).await?;
        let made = generate_simple_self_signed(["localhost".to_owned()])?;
        let (pem, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        // Postgres takes no key that others may read.
        for (text, file) in [(&pem, "server.crt"), (&key, "server.key")] {
            let sql =
                format!("copy (select regexp_split_to_table('{text}', '\n')) to program 'umask 077; cat > {file}'");
            sqlx::query(&sql).execute(&world.admin).await?;
        }
        Ok(Self { world, pem, _server: server })
    }

    async fn switch_on(&self) -> anyhow::Result<()> {
        sqlx::query("alter system set ssl = on").execute(&self.world.admin).await?;
        sqlx::query("select pg_reload_conf()").execute(&self.world.admin).await?;
        eventually("the server to offer TLS", PATIENCE, async || {
            let pool = PgPool::connect(&self.url("localhost", &[("sslmode", "prefer")])?).await?;
            let sql = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
            Ok(sqlx::query_scalar(sql).fetch_one(&pool).await?)
        })
        .await
    }

    fn url(&self, host: &str, parameters: &[Parameter<'_>]) -> anyhow::Result<String> {
        let mut url = Url::parse(&self.world.urls.app)?;
        url.set_host(Some(host))?;
        url.query_pairs_mut().extend_pairs(parameters);
        Ok(url.into())
    }

    /// Appends by that address: whether it went over TLS, `None` when it did not go at all.
    async fn append(
        &self,
        n: usize,
        host: &str,
        parameters: &[Parameter<'_>],
        patience: Duration,
    ) -> anyhow::Result<Option<bool>> {
        let name = format!("batcher {n}");
        let named = [parameters, &[("application_name", &name)]].concat();
        let process = LogProcess::on(self.world.app.clone(), &self.url(host, &named)?)?;
        let submission = rule_events(&name, n, (0, 1))?;
        let id = submission.id;
        let verdict = process.batcher.append(submission, patience).await;
        let written = rows_of(&self.world.app, id).await?.len();
        match (verdict, written) {
            (Ok(Verdict::Appended { .. }), 1) => {}
            (Err(AppendError::TimedOut), 0) => return Ok(None),
            other => anyhow::bail!("{other:?}"),
        }
        let sql = "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = $1";
        Ok(Some(sqlx::query_scalar(sql).bind(&name).fetch_one(&self.world.admin).await?))
    }
}

const REQUIRE: Parameter<'_> = ("sslmode", "require");
const VERIFY_CA: Parameter<'_> = ("sslmode", "verify-ca");
const VERIFY_FULL: Parameter<'_> = ("sslmode", "verify-full");

#[tokio::test]
async fn a_batch_goes_over_tls_as_strictly_as_the_address_asks() {
    let server = Encrypted::start().await.unwrap();
    let root = ("sslrootcert", server.pem.as_str());

    // Without TLS at the server: whoever can do without it is served, whoever cannot is not.
    assert_eq!(server.append(1, "127.0.0.1", &[], PATIENCE).await.unwrap(), Some(false));
    assert_eq!(server.append(2, "127.0.0.1", &[REQUIRE], SHORT).await.unwrap(), None);

    server.switch_on().await.unwrap();
    let served: [(&str, &[Parameter<'_>], bool); 6] = [
        ("127.0.0.1", &[], true),
        ("127.0.0.1", &[("sslmode", "disable")], false),
        ("127.0.0.1", &[REQUIRE], true),
        ("localhost", &[VERIFY_FULL, root], true),
        ("localhost", &[VERIFY_CA, root], true),
        // The certificate is for another name, which is not asked for.
        ("127.0.0.1", &[VERIFY_CA, root], true),
    ];
    for (n, (host, parameters, encrypted)) in (3..).zip(served) {
        let went = server.append(n, host, parameters, PATIENCE).await.unwrap();
        assert_eq!(went, Some(encrypted), "{host} {parameters:?}");
    }

    let untrusted: [(&str, &[Parameter<'_>]); 3] =
        [("127.0.0.1", &[VERIFY_FULL, root]), ("localhost", &[VERIFY_FULL]), ("localhost", &[VERIFY_CA])];
    for (n, (host, parameters)) in (20..).zip(untrusted) {
        let went = server.append(n, host, parameters, SHORT).await.unwrap();
        assert_eq!(went, None, "{host} {parameters:?}");
    }
}
