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

/// The addresses of servers that somebody else runs.
#[derive(Debug, Default)]
struct Given {
    postgres: Option<String>,
    nats: Option<String>,
}

impl Backing {
    /// Takes `DATABASE_URL` and `NATS_URL` where they are set and starts private servers in `folder` for the others.
    pub async fn start(folder: &Path, postgres: postgres::Options, nats: nats::Options) -> anyhow::Result<Self> {
        let addresses = Given { postgres: given("DATABASE_URL"), nats: given("NATS_URL") };
        Self::beside(addresses, folder, postgres, nats).await
    }

    /// Starts both in `folder`, whatever the environment names: for those who break them.
    pub async fn private(folder: &Path, postgres: postgres::Options, nats: nats::Options) -> anyhow::Result<Self> {
        Self::beside(Given::default(), folder, postgres, nats).await
    }

    async fn beside(
        given: Given,
        folder: &Path,
        postgres: postgres::Options,
        nats: nats::Options,
    ) -> anyhow::Result<Self> {
        let (postgres, nats) = tokio::try_join!(
            async {
                match given.postgres {
                    Some(_) => Ok(None),
                    None => postgres::Server::start(&folder.join("postgres"), postgres).await.map(Some),
                }
            },
            async {
                match given.nats {
                    Some(_) => Ok(None),
                    None => nats::Server::start(&folder.join("nats"), nats).await.map(Some),
                }
            }
        )?;
        let postgres_url = given.postgres.or_else(|| postgres.as_ref().map(|server| server.url("postgres")));
        let nats_url = given.nats.or_else(|| nats.as_ref().map(nats::Server::url));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::folders;

    #[tokio::test]
    async fn nothing_is_started_in_place_of_a_given_server() -> anyhow::Result<()> {
        let (database, broker) = ("postgres://root@db.example/postgres", "nats://mq.example");
        let given = Given { postgres: Some(database.to_owned()), nats: Some(broker.to_owned()) };
        let (postgres, nats) = (postgres::Options::fast_tests(), nats::Options::development());
        let backing = Backing::beside(given, &folders::scratch("given")?, postgres, nats).await?;
        assert_eq!((backing.postgres_url.as_str(), backing.nats_url.as_str()), (database, broker));
        assert!(backing.postgres.is_none() && backing.nats.is_none());
        Ok(())
    }

    #[tokio::test]
    async fn private_servers_are_started_whatever_is_given() -> anyhow::Result<()> {
        let (postgres, nats) = (postgres::Options::fast_tests(), nats::Options::development());
        let mut backing = Backing::private(&folders::scratch("private")?, postgres, nats).await?;
        assert!(backing.postgres.is_some() && backing.nats.is_some());
        backing.stop().await
    }
}
