//! Ten thousand seats at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tests::story::{self, all_pages, cast, each};
use tests::world::World;

const SEATS: usize = 10_000;

#[tokio::test]
async fn ten_thousand_seats_are_active_soon_and_every_licence_is_found_once() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let begun = Instant::now();
    let seats = u32::try_from(SEATS)?;
    let bought =
        story::buys(&cast.customer, &world.sample.account_id, world.service("office-business")?, seats).await?;
    let id = bought["id"].as_str().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    // The order's view may be ahead of the subscription's: its licences come in several events.
    let whole = cast.customer.wait_until(&path, |body| body["licence_count"] == seats).await?;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!((&whole.body["status"], &whole.body["quantity"]), (&"active".into(), &seats.into()));

    let licences = all_pages(&cast.customer, &format!("/v1/subscriptions/{id}/licences"), 100).await?;
    assert_eq!(licences.len(), SEATS);
    for member in ["id", "key"] {
        assert_eq!(each(&licences, member).into_iter().collect::<BTreeSet<_>>().len(), SEATS, "{member}");
    }
    let path = format!("/v1/accounts/{}/subscriptions/{id}/licences", world.sample.account_id);
    let again = all_pages(&cast.customer, &path, 77).await?;
    assert!(again == licences, "pages of another size, or by account, show other licences");

    let events = all_pages(&cast.auditor, &format!("/v1/audit/streams/subscription/{id}"), 100).await?;
    let granted = events.iter().filter(|event| event["type"] == "LicencesGranted");
    let sizes: Vec<usize> = granted.map(|event| event["payload"]["licences"].as_array().unwrap().len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), SEATS);
    assert!(sizes.iter().all(|size| (1..=500).contains(size)), "{sizes:?}");

    stays_quick(&cast.customer, id).await
}

async fn stays_quick(customer: &tests::client::Client, id: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    for _ in 0..20 {
        customer.get(&format!("/v1/subscriptions/{id}")).await?;
        customer.get(&format!("/v1/subscriptions/{id}/licences")).await?;
        customer.get("/v1/subscriptions").await?;
    }
    let mean = begun.elapsed() / 60;
    assert!(mean < Duration::from_millis(100), "{mean:?} for one read");
    Ok(())
}
