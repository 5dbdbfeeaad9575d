//! The log as `cqrs_es` and `postgres_es` see it: what one side writes the other loads, equal.

use std::collections::HashMap;

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore};
use cqrs_es::{AggregateContext, AggregateError, CqrsFramework, EventStore};
use domain::customer::{CustomerCommand, CustomerRules};
use domain::decider::{Folded, OwnedAsked};
use domain::price_rule::{PriceRuleEvent, PriceRuleRules};
use domain::{Actor, Decider, codec};
use event_log::store::LogStore;
use event_log::stream::{self, Versioned};
use postgres_es::PostgresEventRepository;
use tests::log_world::{LogProcess, LogWorld, SetRule, at, check_log, customer, operator, rule_stream, system};
use tests::world::random_bytes;
use uuid::Uuid;

type Shipped<D> = PersistedEventStore<PostgresEventRepository, Folded<D>>;

fn new_key() -> Uuid {
    Uuid::from_slice(&random_bytes(16)).unwrap()
}

fn store(process: &LogProcess) -> LogStore {
    LogStore::new(process.pool.clone(), process.batcher.clone(), new_key)
}

fn metadata() -> HashMap<String, String> {
    let fields = [
        ("actor", "olga".to_owned()),
        ("role", "operator".to_owned()),
        ("at", at().to_rfc3339()),
        ("correlation_id", "c".to_owned()),
        ("causation_id", "c".to_owned()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The state by our loader, by our event store and by `postgres_es`; they must be the same.
async fn loaded<D: Decider>(process: &LogProcess, id: &str) -> D::State {
    let ours = stream::load::<D, _>(&process.pool, id, Versioned::default()).await.unwrap().state;
    let mut by_store = EventStore::<Folded<D>>::load_aggregate(&store(process), id).await.unwrap();
    assert_eq!(by_store.aggregate().0, ours);
    let shipped = Shipped::<D>::new_event_store(PostgresEventRepository::new(process.pool.clone()));
    let mut by_shipped = shipped.load_aggregate(id).await.unwrap();
    assert_eq!(by_shipped.aggregate().0, ours);
    let left = EventStore::<Folded<D>>::load_events(&store(process), id).await.unwrap();
    let right = shipped.load_events(id).await.unwrap();
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(&right) {
        assert_eq!((left.sequence, &left.payload, &left.metadata), (right.sequence, &right.payload, &right.metadata));
        assert_eq!(left.aggregate_id, right.aggregate_id);
    }
    ours
}

#[tokio::test]
async fn streams_of_ours_load_equal_through_postgres_es() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    for n in 0..12 {
        process.bus.execute(&system(&format!("key {n}")), &SetRule::nth(1, n + 1)).await.unwrap();
    }
    let acme = customer("Acme");
    process.bus.execute(&operator("acme"), &acme).await.unwrap();
    let rules = loaded::<PriceRuleRules>(&process, &rule_stream(1).id).await;
    assert_eq!(rules.rules().count(), 1);
    let known = loaded::<CustomerRules>(&process, &acme.details.customer_id.to_string()).await;
    assert_eq!(known.known().unwrap().name, "Acme");

    let repository = PostgresEventRepository::new(process.pool.clone());
    let rows = repository.get_events::<Folded<PriceRuleRules>>(&rule_stream(1).id).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.sequence).collect::<Vec<_>>(), (1..=12).collect::<Vec<_>>());
    for row in rows {
        assert_eq!((row.aggregate_type.as_str(), row.event_type.as_str()), ("price_rule", "PriceRuleSet"));
        assert!(row.metadata.as_object().unwrap().values().all(serde_json::Value::is_string), "{}", row.metadata);
        let payload = row.payload.to_string();
        codec::decode(&row.aggregate_type, &row.event_type, &row.event_version, &payload).unwrap();
    }
}

#[tokio::test]
async fn the_framework_commits_through_our_append() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let framework = CqrsFramework::<Folded<CustomerRules>, _>::new(store(&process), Vec::new(), ());
    let acme = customer("Acme").details;
    let id = acme.customer_id.to_string();
    let by = Actor { subject: "olga".to_owned(), role: domain::Role::Operator, customer_id: None };
    let ask = |command| OwnedAsked { at: at(), by: by.clone(), command };
    framework.execute_with_metadata(&id, ask(CustomerCommand::Register(acme.clone())), metadata()).await.unwrap();
    let mut terms = acme.terms.clone();
    terms.payment_days = 14;
    let change = || ask(CustomerCommand::SetTerms { terms: terms.clone() });
    framework.execute_with_metadata(&id, change(), metadata()).await.unwrap();
    framework.execute_with_metadata(&id, change(), metadata()).await.unwrap();
    assert_eq!(world.head().await.unwrap(), 2, "the third asked for what already held");

    let state = loaded::<CustomerRules>(&process, &id).await;
    assert_eq!(state.known().unwrap().terms.payment_days, 14);
    let refused = framework.execute("nobody", change()).await;
    assert!(matches!(refused, Err(AggregateError::UserError(domain::Refusal::NotFound))), "{refused:?}");
    assert_eq!(world.head().await.unwrap(), 2);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn who_commits_on_an_old_version_has_a_conflict() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    process.bus.execute(&system("first"), &SetRule::nth(1, 1)).await.unwrap();
    let (store, id) = (store(&process), rule_stream(1).id);
    let load = async || EventStore::<Folded<PriceRuleRules>>::load_aggregate(&store, &id).await.unwrap();
    let (early, late) = (load().await, load().await);
    let removal = || vec![PriceRuleEvent::PriceRuleRemoved { rule_id: Uuid::nil() }; 2];
    let committed = store.commit(removal(), early, metadata()).await.unwrap();
    assert_eq!(committed.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2, 3]);
    let conflict = store.commit(removal(), late, metadata()).await;
    assert!(matches!(conflict, Err(AggregateError::AggregateConflict)), "{conflict:?}");
    assert_eq!(world.head().await.unwrap(), 3);
    loaded::<PriceRuleRules>(&process, &id).await;
    check_log(&world.app).await.unwrap();
}
