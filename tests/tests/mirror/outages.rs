//! The broker stopped, emptied and put back to an earlier state, under a reader that never notices; connections to the
//! log that are forgotten on the way.

use std::time::Duration;

use event_log::Tail;
use tests::log_world::{
    Ledger, LogProcess, MirroredLog, PATIENCE, Running, SetRule, at_rest, eventually, impatient, persist, system,
};
use tests::proxy::Proxy;
use tests::world::{folders, nats};

/// A private server with everything that uses it.
struct Broken {
    server: nats::Server,
    world: MirroredLog,
    tail: Tail,
    _running: [Running; 3],
}

async fn broken() -> Broken {
    let folder = folders::scratch("mirror").unwrap();
    let options = nats::Options { max_file_store_mb: 128, ..nats::Options::development() };
    let server = nats::Server::start(&folder.join("nats"), options).await.unwrap();
    let world = MirroredLog::with_nats(&server.url()).await.unwrap();
    let relay = world.relay();
    let (tail, following) = world.tail();
    let reader = world.reader(&tail, "test-a", Ledger::open());
    Broken { server, world, tail, _running: [relay, following, reader] }
}

impl Broken {
    /// Reader and mirror are at the end and equal the log.
    async fn is_well(&self) {
        self.world.read_to_the_end().await.unwrap();
        self.world.check_mirror().await.unwrap();
    }

    /// And the tail brings what is appended from now on.
    async fn is_live(&self, key: &str) {
        self.is_well().await;
        eventually("the tail to be live", PATIENCE, async || Ok(self.tail.is_live())).await.unwrap();
        let percent = u32::try_from(self.world.log.head().await.unwrap()).unwrap() + 1;
        let receipt = persist(&self.world.process.bus, &system(key), &SetRule::nth(300, percent)).await.unwrap();
        let there = async || Ok(self.tail.newest() >= receipt.last_position);
        eventually("an event to come by the tail", PATIENCE, there).await.unwrap();
        self.is_well().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_the_broker_stops_no_reader() {
    let mut broken = broken().await;
    broken.world.fill(50).await.unwrap();
    broken.is_live("before").await;

    broken.server.stop().await.unwrap();
    broken.world.fill(500).await.unwrap();
    // By Postgres alone, while there is no broker.
    broken.world.read_to_the_end().await.unwrap();
    assert_eq!(broken.world.log.head().await.unwrap(), 551);

    broken.server.start_again().await.unwrap();
    broken.is_live("after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_empties_the_broker_is_repaired_while_running() {
    let mut broken = broken().await;
    broken.world.fill(300).await.unwrap();
    broken.is_live("before").await;

    broken.server.kill().await.unwrap();
    broken.server.wipe_store().unwrap();
    broken.world.fill(100).await.unwrap();
    broken.server.start_again().await.unwrap();
    broken.world.fill(100).await.unwrap();
    broken.is_live("after").await;
    assert_eq!(broken.world.log.head().await.unwrap(), 502);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_puts_back_an_older_store_is_repaired_while_running() {
    let mut broken = broken().await;
    let copy = folders::scratch("older-store").unwrap();
    broken.world.fill(200).await.unwrap();
    broken.is_live("before").await;
    broken.server.stop().await.unwrap();
    broken.server.copy_store(&copy).unwrap();
    broken.server.start_again().await.unwrap();
    broken.world.fill(200).await.unwrap();
    broken.is_live("between").await;

    broken.server.kill().await.unwrap();
    broken.server.restore_store(&copy).unwrap();
    broken.server.start_again().await.unwrap();
    broken.world.fill(50).await.unwrap();
    broken.is_live("after").await;
    assert_eq!(broken.world.log.head().await.unwrap(), 453);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_that_deletes_the_stream_is_repaired_while_running() {
    let broken = broken().await;
    broken.world.fill(100).await.unwrap();
    broken.is_live("before").await;
    broken.world.mirror.jetstream().delete_stream(&broken.world.config.stream).await.unwrap();
    broken.world.fill(20).await.unwrap();
    broken.is_live("after").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_without_a_word_stop_neither_relay_nor_reader() {
    let mut world = MirroredLog::new().await.unwrap();
    let proxy = Proxy::before(&world.log.urls.app).await.unwrap();
    let pool = impatient(&proxy.url(&world.log.urls.app).unwrap(), 8, Duration::from_millis(500)).await.unwrap();
    world.process = LogProcess::on(pool, &world.log.urls.app).unwrap();
    let _relay = world.relay();
    let (tail, _following) = world.tail();
    let _reader = world.reader(&tail, "test-a", Ledger::open());
    world.fill(50).await.unwrap();
    world.read_to_the_end().await.unwrap();
    world.check_mirror().await.unwrap();

    at_rest(&world.process.pool).await.unwrap();
    proxy.silence();
    world.fill(50).await.unwrap();
    world.read_to_the_end().await.unwrap();
    world.check_mirror().await.unwrap();
}
