//! The same rules in cqrs-es with postgres-es, as those crates ship: their own schema, their default pool of ten, their
//! command loop. A lost race is asked again by the caller, as their documentation wants it.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{bail, ensure};
use cqrs_es::AggregateError;
use domain::account::{AccountCommand, AccountRules, OpenAccount};
use domain::customer::Change;
use domain::decider::{Folded, OwnedAsked};
use futures::{StreamExt, TryStreamExt};
use postgres_es::{PostgresCqrs, default_postgress_pool, postgres_cqrs};
use sqlx::Executor;
use uuid::Uuid;

use super::cpu::Meter;
use super::fleet::{self, Owned};
use super::ground::Ground;
use super::load::{self, Run, Worker};
use super::plan::Plan;
use super::random::{Random, new_id};

const DATABASE: &str = "bench_peer";
const AT_ONCE: usize = 16;

/// What postgres-es wants to find.
const SCHEMA: &str = "
    create table events (
        aggregate_type text not null, aggregate_id text not null, sequence bigint not null check (sequence >= 0),
        event_type text not null, event_version text not null, payload json not null, metadata json not null,
        primary key (aggregate_type, aggregate_id, sequence)
    )";

type Framework = PostgresCqrs<Folded<AccountRules>>;

/// Its database and the accounts in it.
pub struct Peer {
    pool: sqlx::PgPool,
    framework: Arc<Framework>,
    accounts: Arc<Vec<Owned>>,
}

struct Caller {
    framework: Arc<Framework>,
    accounts: Arc<Vec<Owned>>,
    random: Random,
}

impl Worker for Caller {
    async fn step(&mut self) -> anyhow::Result<()> {
        let Owned { account_id, customer_id } = self.accounts[self.random.below(self.accounts.len())];
        let opens = self.random.fifth();
        let account_id = if opens { new_id() } else { account_id };
        let name = fleet::peer_name(opens, &mut self.random);
        execute(&self.framework, Owned { account_id, customer_id }, opens, name).await
    }
}

impl Peer {
    /// # Errors
    /// When the database cannot be made.
    pub async fn new(plan: &Plan, ground: &Ground) -> anyhow::Result<Self> {
        ground.postgres.create_database(DATABASE).await?;
        ground.admin(DATABASE).await?.execute(SCHEMA).await?;
        let pool = default_postgress_pool(&ground.postgres.url(DATABASE)).await;
        let framework: Arc<Framework> = Arc::new(postgres_cqrs(pool.clone(), Vec::new(), ()));
        let opened = futures::stream::iter(0..plan.accounts).map(|_| {
            let framework = Arc::clone(&framework);
            async move {
                let account = Owned { account_id: new_id(), customer_id: new_id() };
                let name = fleet::peer_name(true, &mut Random::default());
                execute(&framework, account, true, name).await.map(|()| account)
            }
        });
        let accounts: Vec<Owned> = opened.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Self { pool, framework, accounts: Arc::new(accounts) })
    }

    /// One run with so many commands in flight.
    ///
    /// # Errors
    /// When a command fails, or its table has not grown by exactly what was done.
    pub async fn run(&self, plan: &Plan, meter: &Meter, in_flight: usize) -> anyhow::Result<Run> {
        let before = self.events().await?;
        let caller = || Caller {
            framework: Arc::clone(&self.framework),
            accounts: Arc::clone(&self.accounts),
            random: Random::default(),
        };
        let workers = std::iter::repeat_with(caller).take(in_flight).collect();
        let run = load::closed_loop(plan, meter, workers).await?;
        let written = self.events().await? - before;
        ensure!(u64::try_from(written) == Ok(run.done), "{} commands, {written} events in the table", run.done);
        Ok(run)
    }

    async fn events(&self) -> anyhow::Result<i64> {
        Ok(sqlx::query_scalar("select count(*) from events").fetch_one(&self.pool).await?)
    }

    pub async fn stop(self) {
        self.pool.close().await;
    }
}

async fn execute(framework: &Framework, account: Owned, opens: bool, name: String) -> anyhow::Result<()> {
    let Owned { account_id, customer_id } = account;
    let request = new_id().to_string();
    loop {
        let asked = OwnedAsked {
            at: fleet::now(),
            by: fleet::buyer(customer_id),
            command: command(account_id, customer_id, opens, name.clone()),
        };
        let metadata = metadata(&request);
        match framework.execute_with_metadata(&account_id.to_string(), asked, metadata).await {
            Ok(()) => return Ok(()),
            Err(AggregateError::AggregateConflict) => {}
            Err(error) => bail!("cqrs-es fails: {error}"),
        }
    }
}

fn command(account_id: Uuid, customer_id: Uuid, opens: bool, name: String) -> AccountCommand {
    if opens {
        AccountCommand::Open(OpenAccount { account_id, customer_id, reseller_id: None, name, contact: None })
    } else {
        AccountCommand::ChangeDetails { name, contact: Change::Remove }
    }
}

fn metadata(request: &str) -> HashMap<String, String> {
    let entries = [
        ("actor", "buyer@customer.example".to_owned()),
        ("role", "customer".to_owned()),
        ("at", fleet::now().to_rfc3339()),
        ("correlation_id", request.to_owned()),
        ("causation_id", request.to_owned()),
    ];
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
