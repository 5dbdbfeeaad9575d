//! The two servers everything else stands on: given from outside by address, or started here.

use std::path::Path;

use super::{nats, postgres, unprivileged};

/// Postgres and NATS, ready. A server that was given from outside has an address only.
#[derive(Debug)]
pub struct Backing {
    /// The administrator's address.
    pub postgres_url: String,
    pub nats_url: String,
    pub postgres: Option<postgres::Server>,
    pub nats: Option<nats::Server>,
}

impl Backing {
    /// Takes `DATABASE_URL` and `NATS_URL` where they are set and starts private servers in `folder` for the others.
    pub async fn start(folder: &Path, postgres: postgres::Options, nats: nats::Options) -> anyhow::Result<Self> {
        let (postgres_given, nats_given) = (given("DATABASE_URL"), given("NATS_URL"));
        let (postgres, nats) = tokio::try_join!(
            async {
                match postgres_given {
                    Some(_) => Ok(None),
                    None => postgres::Server::start(&folder.join("postgres"), postgres).await.map(Some),
                }
            },
            async {
                match nats_given {
                    Some(_) => Ok(None),
                    None => nats::Server::start(&folder.join("nats"), nats).await.map(Some),
                }
            }
        )?;
        let postgres_url = given("DATABASE_URL").or_else(|| postgres.as_ref().map(|server| server.url("postgres")));
        let nats_url = given("NATS_URL").or_else(|| nats.as_ref().map(nats::Server::url));
        Ok(Self {
            postgres_url: postgres_url.unwrap_or_default(),
            nats_url: nats_url.unwrap_or_default(),
            postgres,
            nats,
        })
    }

    /// Stops what was started here.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let nats = match &mut self.nats {
            Some(server) => server.stop().await,
            None => Ok(()),
        };
        let postgres = match &mut self.postgres {
            Some(server) => server.stop().await,
            None => Ok(()),
        };
        nats.and(postgres)
    }
}

/// Removes the data of private servers that were started in `folder` and have stopped.
pub fn remove_data(folder: &Path) {
    unprivileged::remove_private_folder(&folder.join("postgres"));
    for part in ["postgres", "nats"] {
        let _ = std::fs::remove_dir_all(folder.join(part));
    }
}

/// The address of a server that somebody else runs.
pub fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|address| !address.is_empty())
}
