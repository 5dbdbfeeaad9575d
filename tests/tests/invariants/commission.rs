//! Commission that is earned again too rarely or too often is found: every kind of damage is done to the events by
//! hand, and undone again.

use commands::credit_note::CreditInvoice;
use commands::invoice::WriteOffInvoice;
use commands::payment::ReceivePayment;
use domain::billing::credit::Wanted;
use domain::credit_note::{CreditReason, Settle};
use sqlx::{Connection, Executor, PgConnection};
use tests::invariants::{self, System};
use tests::log_world::{LogProcess, at, euro, operator, persist};
use tests::world::World;
use uuid::Uuid;

use crate::{BEGINS, is_billed, told};

/// The number under which the books are.
const BOOKS: u8 = 16;

/// Each with what is said of it.
const DAMAGE: [(&str, &str); 6] = [
    (
        "delete from events where event_type = 'CommissionAccrued' \
         and payload->'CommissionAccrued'->>'again' = 'true'",
        "keeps 0.00 of its commission",
    ),
    (
        "insert into events select (select max(position) from events) + 1, aggregate_type, aggregate_id, \
         sequence + 1000, event_type, event_version, payload, metadata, event_id, command_id, customer_id, recorded_at \
         from events where event_type = 'CommissionAccrued' and payload->'CommissionAccrued'->>'again' = 'true'",
        "8.00 of 10.00 went back, and 16.00 was earned once more",
    ),
    // No more than went back in all, but more than credit notes have left.
    (
        "update events set payload = replace(payload::text, '\"8.00\"', '\"9.00\"')::json \
         where event_type = 'CommissionAccrued' and payload->'CommissionAccrued'->>'again' = 'true'",
        "keeps 9.00 of its commission",
    ),
    (
        "update events set payload = replace(payload::text, '\"8.00\"', '\"7.00\"')::json \
         where event_type = 'CommissionAccrued' and payload->'CommissionAccrued'->>'again' = 'true'",
        "keeps 7.00 of its commission",
    ),
    (
        "delete from events where event_type = 'CommissionReversed' \
         and payload->'CommissionReversed'->>'credit_note_id' is null",
        "0 of 10.00 went back, and 8.00 was earned once more",
    ),
    // The sum is right.
    (
        "insert into events select (select max(position) from events) + row_number() over (order by position), \
         aggregate_type, aggregate_id, sequence + 1000, event_type, event_version, payload, metadata, event_id, \
         command_id, customer_id, recorded_at from events where payload->'CommissionAccrued'->>'again' = 'true' or \
         event_type = 'CommissionReversed' and payload->'CommissionReversed'->>'credit_note_id' is null",
        "16.00 of 10.00 went back, and 16.00 was earned once more",
    ),
];

/// Of an invoice a fifth is credited, the rest is given up, and then paid after all: 2.00 and 8.00 of its 10.00 of
/// commission have gone back, and 8.00 are earned again.
async fn is_paid_after_all(world: &World) -> anyhow::Result<()> {
    let app = &world.settings.databases.app;
    let log = LogProcess::start(app, app).await?;
    let invoice_id = is_billed(&log, &world.sample).await?;
    let credit = CreditInvoice {
        credit_note_id: Uuid::from_u128(1),
        invoice_id,
        wanted: Wanted::Lines(vec![(1, euro(2_000))]),
        reason: CreditReason { text: "Goodwill".to_owned() },
        settle: Settle::Balance,
    };
    persist(&log.bus, &operator("a fifth"), &credit).await?;
    persist(&log.bus, &operator("give up"), &WriteOffInvoice { invoice_id }).await?;
    let receive = ReceivePayment {
        payment_id: Uuid::from_u128(2),
        invoice_id,
        amount: euro(9_520),
        received_on: at().date_naive(),
        reference: "SEPA 17".to_owned(),
    };
    persist(&log.bus, &operator("the rest"), &receive).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_earned_again_too_rarely_or_too_often_is_found() -> anyhow::Result<()> {
    let mut world = World::start_at(BEGINS).await?;
    is_paid_after_all(&world).await?;
    world.product.kill9().await?;
    let system = System::of(&world, None);
    let before = told(&invariants::check(&system).await?, BOOKS);
    assert_eq!(before, Vec::<String>::new());

    let mut connection = PgConnection::connect(&world.admin_url).await?;
    connection.execute("set session_replication_role = replica").await?;
    connection.execute("create table kept as select * from events").await?;
    for (damage, said) in DAMAGE {
        let done = connection.execute(damage).await?.rows_affected();
        assert!(done > 0, "there is nothing to damage: {damage}");
        let found = told(&invariants::check(&system).await?, BOOKS);
        assert!(found.iter().any(|found| found.contains(said)), "{damage} is not found: {found:?}");
        connection.execute("delete from events; insert into events select * from kept").await?;
    }
    let after = told(&invariants::check(&system).await?, BOOKS);
    assert_eq!(after, Vec::<String>::new());
    Ok(())
}
