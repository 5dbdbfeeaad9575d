//! What the mirror holds when nothing goes wrong.

use event_log::lease;
use tests::log_world::{LEDGER, MirroredLog, PATIENCE, SetRule, customer, eventually, operator, persist, system};

#[tokio::test]
async fn each_message_is_the_event_at_its_position() {
    let world = MirroredLog::new().await.unwrap();
    let relay = world.relay();
    let bus = &world.process.bus;
    for n in 0..40 {
        persist(bus, &system(&format!("rule {n}")), &SetRule::nth(n % 3, u32::try_from(n).unwrap() + 1)).await.unwrap();
    }
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut traced = operator("traced");
    traced.trace.traceparent = Some(trace.to_owned());
    persist(bus, &traced, &customer("Acme")).await.unwrap();
    let info = world.check_mirror().await.unwrap();
    assert_eq!((info.state.first_sequence, info.state.last_sequence, info.state.messages), (1, 41, 41));

    for event in world.events(0).await.unwrap() {
        let sequence = event.position.unsigned_abs();
        let message = world.mirror.message(sequence).await.unwrap().unwrap();
        assert_eq!(message.sequence, sequence);
        assert_eq!(message.payload, event.to_body());
        let body: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        let stored: (String, String) =
            sqlx::query_as("select payload::text, metadata::text from events where position = $1")
                .bind(event.position)
                .fetch_one(&world.log.app)
                .await
                .unwrap();
        let text = std::str::from_utf8(&message.payload).unwrap();
        assert!(text.contains(&stored.0) && text.contains(&stored.1), "the stored bytes are not in {text}");
        assert_eq!(body["sequence"], event.sequence);

        let header = |name: &str| message.headers.get(name).map(ToString::to_string);
        let expected = [
            ("ce-specversion", "1.0".to_owned()),
            ("ce-source", "/cloudsales".to_owned()),
            ("ce-id", event.event_id.to_string()),
            ("ce-type", format!("com.cloudsales.{}.{}", event.aggregate_type, event.event_type)),
            ("ce-subject", event.aggregate_id.clone()),
            ("ce-time", event.recorded_at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
            ("content-type", "application/json".to_owned()),
        ];
        for (name, value) in expected {
            assert_eq!(header(name), Some(value), "{name} of {}", event.position);
        }
        assert_eq!(header("traceparent").as_deref(), (event.position == 41).then_some(trace));
        let subject = format!("{}.{}.{}", world.config.subject_prefix, event.aggregate_type, event.event_type);
        let parts: Vec<&str> = message.subject.as_str().splitn(3, '.').collect();
        assert_eq!(format!("{}.{}", parts[0], parts[2]), subject);
        assert!(parts[1].parse::<u8>().unwrap() < 16);
    }
    assert!(world.new_relay().audit().await.unwrap().is_clean());
    relay.stop().await;
}

#[tokio::test]
async fn the_stream_can_neither_be_purged_nor_lose_a_message() {
    let world = MirroredLog::new().await.unwrap();
    let _relay = world.relay();
    world.fill(10).await.unwrap();
    world.check_mirror().await.unwrap();
    let stream = world.mirror.jetstream().get_stream(&world.config.stream).await.unwrap();
    stream.purge().await.unwrap_err();
    assert!(stream.delete_message(3).await.is_err());
    world.check_mirror().await.unwrap();
}

#[tokio::test]
async fn a_reader_follows_the_tail_and_applies_everything_once() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(700).await.unwrap();
    let _relay = world.relay();
    let (tail, _following) = world.tail();
    let reader = world.reader(&tail, "test-a", tests::log_world::Ledger::open());
    world.read_to_the_end().await.unwrap();
    eventually("the tail to be live", PATIENCE, async || Ok(tail.is_live())).await.unwrap();
    for n in 0..200 {
        persist(
            &world.process.bus,
            &system(&format!("live {n}")),
            &SetRule::nth(100 + n % 7, u32::try_from(n).unwrap() + 1),
        )
        .await
        .unwrap();
    }
    let head = world.log.head().await.unwrap();
    assert_eq!(head, 900);
    world.read_to_the_end().await.unwrap();
    eventually("the tail to see the end", PATIENCE, async || Ok(tail.newest() == head)).await.unwrap();
    assert!(tail.is_live());
    world.check_mirror().await.unwrap();

    // A reader that ends in order gives its lease back.
    reader.stop().await;
    let owner = lease::Owner::this_process("test-b");
    let held = lease::acquire(&world.log.app, LEDGER, &owner, 1).await.unwrap().unwrap();
    assert_eq!(held.position, head);
}

#[tokio::test]
async fn a_new_stream_begins_behind_the_readers_and_is_live_at_once() {
    let world = MirroredLog::new().await.unwrap();
    world.fill(3_000).await.unwrap();
    // Read from Postgres alone: there is no stream yet.
    let reader = world.reader_without_mirror();
    world.read_to_the_end().await.unwrap();
    reader.stop().await;

    let _relay = world.relay();
    let (tail, _following) = world.tail();
    let _reader = world.reader(&tail, "test-a", tests::log_world::Ledger::open());
    eventually("the tail to be live", PATIENCE, async || Ok(tail.is_live())).await.unwrap();
    persist(&world.process.bus, &system("new"), &SetRule::nth(200, 1)).await.unwrap();
    eventually("the event to come by the tail", PATIENCE, async || Ok(tail.newest() == 3_001)).await.unwrap();
    let info = world.check_mirror().await.unwrap();
    assert_eq!((info.state.first_sequence, info.state.messages), (3_001, 1));
    world.read_to_the_end().await.unwrap();
}

#[tokio::test]
async fn the_tail_of_a_stream_made_anew_is_live_although_nothing_happens() {
    let world = MirroredLog::new().await.unwrap();
    let relay = world.relay();
    let (tail, _following) = world.tail();
    let _reader = world.reader(&tail, "test-a", tests::log_world::Ledger::open());
    world.fill(100).await.unwrap();
    world.check_mirror().await.unwrap();
    eventually("the tail to be live", PATIENCE, async || Ok(tail.is_live() && tail.newest() == 100)).await.unwrap();
    // The tail stays behind what the readers have, and the new stream begins behind the readers.
    relay.stop().await;
    world.fill(20).await.unwrap();
    world.read_to_the_end().await.unwrap();
    world.mirror.jetstream().delete_stream(&world.config.stream).await.unwrap();
    eventually("the tail to miss its stream", PATIENCE, async || Ok(!tail.is_live())).await.unwrap();
    let _relay = world.relay();
    let info = world.mirrored_to_the_end().await.unwrap();
    assert_eq!((info.state.first_sequence, info.state.messages), (121, 0));
    eventually("the tail to be live again", PATIENCE, async || Ok(tail.is_live())).await.unwrap();
    assert_eq!(tail.newest(), 100);
    world.fill(1).await.unwrap();
    world.read_to_the_end().await.unwrap();
    eventually("an event to come by the tail", PATIENCE, async || Ok(tail.newest() == 121)).await.unwrap();
}
