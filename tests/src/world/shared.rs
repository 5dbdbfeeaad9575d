//! The servers that all tests of a run share. Each world makes its own database and stream in them.

use tokio::sync::OnceCell;

use super::backing::{Backing, given};
use super::{folders, nats, postgres};

/// Addresses of a running Postgres (as superuser) and a running NATS server.
#[derive(Clone, Debug)]
pub struct TestServers {
    pub postgres_url: String,
    pub nats_url: String,
}

static STARTED_HERE: OnceCell<Backing> = OnceCell::const_new();

impl TestServers {
    /// Those of the run, which `./dev test` names in the environment; without them one pair for this process, which
    /// ends with it.
    pub async fn get() -> anyhow::Result<Self> {
        let run = (given("CLOUDSALES_TEST_PG_URL"), given("CLOUDSALES_TEST_NATS_URL"));
        if let (Some(postgres_url), Some(nats_url)) = run {
            return Ok(Self { postgres_url, nats_url });
        }
        let backing = STARTED_HERE.get_or_try_init(start).await?;
        Ok(Self { postgres_url: backing.postgres_url.clone(), nats_url: backing.nats_url.clone() })
    }
}

async fn start() -> anyhow::Result<Backing> {
    folders::remove_abandoned_scratch();
    let folder = folders::scratch("servers")?;
    Backing::start(&folder, postgres::Options::fast_tests(), nats::Options::shared_by_tests()).await
}
