//! A year in the life of a subscription: every step is in the read model, the history, the stored webhooks and the
//! provider's own ledger.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::Client;
use tests::demo::year;
use tests::story::{self, all_pages, cast, each};
use tests::world::World;

const BEGINS: &str = "2026-10-03T09:30:00Z";

#[tokio::test]
async fn a_subscription_is_renewed_by_the_provider_month_by_month() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (cast, clock) = (cast(&world)?, DevClock::new(&world.settings.api_url())?);
    let customer = &cast.customer;
    let bought = story::buys(customer, &world.sample.account_id, world.service("office-business")?, 5).await?;
    let path = format!("/v1/subscriptions/{}", bought["id"].as_str().unwrap());
    let moved = clock.advance("P12M").await?;
    println!("a year took {:?}", moved.took);
    let seen = customer.get_at(&path, moved.position).await?.body;
    let expected = [("status", json!("active")), ("quantity", json!(5)), ("starts_on", json!("2027-10-03"))];
    for (member, value) in expected.into_iter().chain([("ends_on", json!("2027-11-03"))]) {
        assert_eq!(seen[member], value, "{member} in {seen}");
    }
    let what = each(&all_pages(customer, &format!("{path}/history"), 100).await?, "what");
    assert_eq!(what.iter().filter(|what| *what == "renewed").count(), 12, "{what:?}");
    let days = "select aggregate_id from events where event_type = 'DayEnded'";
    assert_eq!(story::texts(&world, days).await?.len(), 365);
    assert_eq!(story::texts(&world, "select kind from effects where state <> 'done'").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_year_in_the_life() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let cast = cast(&world)?;
    let stage = year::Stage {
        api: world.settings.api_url(),
        reseller: cast.reseller.clone(),
        auditor: cast.auditor.clone(),
        service: world.service("office-enterprise")?.to_owned(),
    };
    let lived = year::live(&stage).await?;
    assert!(lived.took < Duration::from_secs(180), "{:?}", lived.took);
    the_history_tells_it(&cast.reseller, &lived.path).await?;
    the_provider_did_it_once(&world, &lived.path, &cast.operator).await?;
    its_webhooks_are_kept(&world).await?;
    assert_eq!(story::texts(&world, "select kind from effects where state <> 'done'").await?, Vec::<String>::new());
    Ok(())
}

async fn the_history_tells_it(reseller: &Client, path: &str) -> anyhow::Result<()> {
    let mut entries = all_pages(reseller, &format!("{path}/history"), 100).await?;
    entries.reverse();
    let told = each(&entries, "what");
    let mut rest = told.iter();
    for step in year::HISTORY {
        assert!(rest.any(|what| what == step), "no {step} in its place in {told:?}");
    }
    let times: Vec<&str> = entries.iter().map(|entry| entry["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let changes = all_pages(reseller, &format!("{path}/changes"), 100).await?;
    assert!(changes.iter().all(|change| change["state"] == "confirmed"), "{changes:?}");
    Ok(())
}

/// What the provider's ledger has of it, and what the provider shows in the end.
async fn the_provider_did_it_once(world: &World, path: &str, operator: &Client) -> anyhow::Result<()> {
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let id = operator.get(path).await?.body["provider"]["subscription_id"].as_str().unwrap().to_owned();
    let ledger = provider.get("/sim/ledger").await?.body;
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for effect in ledger["effects"].as_array().unwrap().iter().filter(|effect| mentions(effect, &id)) {
        *counted.entry(effect["operation"].as_str().unwrap()).or_default() += 1;
    }
    let expected: BTreeMap<&str, usize> = year::LEDGER.iter().copied().collect();
    assert_eq!(counted, expected, "{ledger}");
    Ok(())
}

fn mentions(effect: &Value, id: &str) -> bool {
    effect["resource_id"] == *id || effect["external_ref"] == *id
}

async fn its_webhooks_are_kept(world: &World) -> anyhow::Result<()> {
    let kinds = story::texts(world, "select distinct type from inbox where state = 'applied' order by 1").await?;
    for kind in ["operation.succeeded", "order.completed", "subscription.cancelled", "subscription.updated"] {
        assert!(kinds.contains(&kind.to_owned()), "no {kind} in {kinds:?}");
    }
    assert_eq!(story::texts(world, "select type from inbox where state = 'new'").await?, Vec::<String>::new());
    Ok(())
}
