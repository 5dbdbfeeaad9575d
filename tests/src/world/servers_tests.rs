//! The world's own promises, on real servers: what a test does to them is what it says.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use async_nats::jetstream::{self, stream};
use futures::future::try_join_all;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::database::{drop_database, prepare_database};
use super::process::Launch;
use super::{TestServers, folders, nats, postgres, unique_name};

async fn user_of(url: &str) -> anyhow::Result<String> {
    let mut connection = PgConnection::connect(url).await?;
    Ok(sqlx::query_scalar("select current_user::text").fetch_one(&mut connection).await?)
}

#[tokio::test]
async fn worlds_prepare_databases_side_by_side_with_the_same_logins() -> anyhow::Result<()> {
    let servers = TestServers::get().await?;
    let names: Vec<String> = (0..6).map(|_| unique_name("side_by_side")).collect();
    let databases = try_join_all(names.iter().map(|name| prepare_database(&servers.postgres_url, name))).await?;
    for urls in &databases {
        assert_eq!(user_of(&urls.owner).await?, "cloudsales_owner");
        assert_eq!(user_of(&urls.app).await?, "cloudsales_app");
        assert_eq!(user_of(&urls.auditor).await?, "cloudsales_auditor");
    }
    try_join_all(names.iter().map(|name| drop_database(&servers.postgres_url, name))).await?;
    assert!(user_of(&databases[0].owner).await.is_err());
    Ok(())
}

#[tokio::test]
async fn preparing_a_database_again_keeps_it_and_only_its_owner_may_change_it() -> anyhow::Result<()> {
    let servers = TestServers::get().await?;
    let name = unique_name("again");
    let urls = prepare_database(&servers.postgres_url, &name).await?;
    PgConnection::connect(&urls.owner).await?.execute("create table kept (number int)").await?;
    let urls = prepare_database(&servers.postgres_url, &name).await?;
    PgConnection::connect(&urls.owner).await?.execute("insert into kept values (1)").await?;
    let refused = PgConnection::connect(&urls.app).await?.execute("create table mine (number int)").await;
    assert!(refused.unwrap_err().to_string().contains("permission denied"));
    drop_database(&servers.postgres_url, &name).await
}

async fn count_after_recovery(server: &mut postgres::Server) -> anyhow::Result<i64> {
    server.start_again().await?;
    let mut connection = PgConnection::connect(&server.url("postgres")).await?;
    Ok(sqlx::query_scalar("select count(*) from numbers").fetch_one(&mut connection).await?)
}

#[tokio::test]
async fn a_durable_server_keeps_what_was_committed_before_a_crash() -> anyhow::Result<()> {
    let mut server = postgres::Server::start(&folders::scratch("crash")?, postgres::Options::crash_tests()).await?;
    let url = server.url("postgres");
    // A session that stays open is what makes the restart after a killed postmaster hard.
    let mut session = PgConnection::connect(&url).await?;
    session.execute("create table numbers (number int)").await?;
    session.execute("insert into numbers values (1)").await?;
    server.kill_postmaster().await?;
    assert_eq!(count_after_recovery(&mut server).await?, 1);
    PgConnection::connect(&url).await?.execute("insert into numbers values (2)").await?;
    server.immediate_stop().await?;
    assert!(PgConnection::connect(&url).await.is_err());
    assert_eq!(count_after_recovery(&mut server).await?, 2);
    server.stop().await
}

async fn last_sequence(url: &str) -> anyhow::Result<Option<u64>> {
    let context = jetstream::new(nats::connect(url).await?);
    match context.get_stream("NUMBERS").await {
        Ok(stream) => Ok(Some(stream.cached_info().state.last_sequence)),
        Err(_) => Ok(None),
    }
}

async fn publish(url: &str, count: usize) -> anyhow::Result<()> {
    let context = jetstream::new(nats::connect(url).await?);
    let wanted = stream::Config { name: "NUMBERS".into(), subjects: vec!["n".into()], ..Default::default() };
    context.get_or_create_stream(wanted).await?;
    for number in 0..count {
        context.publish("n", number.to_string().into()).await?.await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_message_store_can_be_rewound_and_lost() -> anyhow::Result<()> {
    let folder = folders::scratch("rewind")?;
    let mut server = nats::Server::start(&folder.join("server"), nats::Options::development()).await?;
    let url = server.url();
    publish(&url, 3).await?;
    server.stop().await?;
    server.copy_store(&folder.join("copy"))?;
    server.start_again().await?;
    publish(&url, 4).await?;
    assert_eq!(last_sequence(&url).await?, Some(7));
    assert!(server.wipe_store().is_err(), "a running server's store is not to be touched");
    server.kill().await?;
    server.restore_store(&folder.join("copy"))?;
    server.start_again().await?;
    assert_eq!(last_sequence(&url).await?, Some(3));
    server.kill().await?;
    server.wipe_store()?;
    server.start_again().await?;
    assert_eq!(last_sequence(&url).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_child_that_ends_early_shows_its_last_words() -> anyhow::Result<()> {
    let log = folders::scratch("child")?.join("log");
    let launch = Launch::new("sh", &log).arguments(["-c", "echo port is taken; exit 3"]);
    let mut child = launch.spawn()?;
    let failure = child.wait_until_healthy("http://127.0.0.1:9/", Duration::from_secs(20)).await.unwrap_err();
    assert!(failure.to_string().contains("port is taken"), "{failure}");
    child.start_again()?;
    assert_eq!(child.wait(Duration::from_secs(20)).await?.code(), Some(3));
    Ok(())
}
