//! A customer or an account that is closed has nothing open, whatever comes to it at the same moment.

use commands::account::{CloseAccount, LinkAccount, OpenAccount};
use commands::customer::{ChangeCustomer, CloseCustomer, CustomerPatch};
use commands::{Command, Context, Rejection};
use domain::customer::CustomerKind;
use domain::{Actor, Refusal, Role};
use tests::log_world::{Deposit, LogProcess, LogWorld, check_log, customer, euro, operator, system};
use uuid::Uuid;

use super::closing::{start, started};

async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let acme = customer(name);
    process.bus.execute(&operator(name), &acme).await.unwrap();
    acme.details.customer_id
}

/// One process does it, another closes what it is about, having found nothing: the first is written before the second.
/// Answers why it was not closed.
async fn closed_too_late(world: &LogWorld, first: &impl Command, close: &impl Command) -> Refusal {
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let head = world.hold_head().await.unwrap();
    let (does, closing) = (system("does"), operator("closes"));
    let does = one.bus.execute(&does, first);
    let closes = async {
        world.blocked(1).await.unwrap();
        other.bus.execute(&closing, close).await
    };
    let both_are_at_it = async {
        world.blocked(2).await.unwrap();
        head.rollback().await.unwrap();
    };
    let (done, closed, ()) = tokio::join!(does, closes, both_are_at_it);
    done.unwrap();
    check_log(&world.app).await.unwrap();
    match closed {
        Err(Rejection::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_account_opened_at_the_same_moment_keeps_a_customer_open() {
    let world = LogWorld::new().await.unwrap();
    let customer_id = registered(&world.process().await.unwrap(), "Acme").await;
    let (account_id, name) = (Uuid::from_u128(0xacc), "Main".to_owned());
    let open = OpenAccount { account_id, customer_id, name, contact: None };
    assert_eq!(closed_too_late(&world, &open, &CloseCustomer { customer_id }).await, Refusal::HasAccounts);
}

#[tokio::test]
async fn a_credit_at_the_same_moment_keeps_a_customer_open() {
    let world = LogWorld::new().await.unwrap();
    let customer_id = registered(&world.process().await.unwrap(), "Acme").await;
    let deposit = Deposit { customer_id, amount: euro(1) };
    assert_eq!(closed_too_late(&world, &deposit, &CloseCustomer { customer_id }).await, Refusal::HasBalance);
}

#[tokio::test]
async fn a_subscription_started_at_the_same_moment_keeps_an_account_open() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    let (account_id, name) = (started().account_id, "Main".to_owned());
    let open = OpenAccount { account_id, customer_id, name, contact: None };
    process.bus.execute(&operator("open"), &open).await.unwrap();
    let link = LinkAccount { account_id, provider_account_id: "acct-1".to_owned() };
    process.bus.execute(&system("link"), &link).await.unwrap();
    let close = CloseAccount { account_id };
    assert_eq!(closed_too_late(&world, &start(), &close).await, Refusal::HasSubscriptions);
}

/// What is asked for after the closing finds the customer closed.
#[tokio::test]
async fn who_comes_after_the_closing_finds_it_closed() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let customer_id = registered(&one, "Acme").await;
    let head = world.hold_head().await.unwrap();
    let (closing, opening) = (operator("closes"), operator("opens"));
    let close = CloseCustomer { customer_id };
    let closes = one.bus.execute(&closing, &close);
    let open = OpenAccount { account_id: Uuid::from_u128(0xacc), customer_id, name: "Main".to_owned(), contact: None };
    let opens = async {
        world.blocked(1).await.unwrap();
        other.bus.execute(&opening, &open).await
    };
    let both_are_at_it = async {
        world.blocked(2).await.unwrap();
        head.rollback().await.unwrap();
    };
    let (closed, opened, ()) = tokio::join!(closes, opens, both_are_at_it);
    assert_eq!(closed.unwrap().status, 200);
    assert!(matches!(opened, Err(Rejection::Refused(Refusal::CustomerClosed))), "{opened:?}");
    check_log(&world.app).await.unwrap();
}

/// Its end customer's version tells nothing of it.
#[tokio::test]
async fn a_reseller_that_is_closed_meanwhile_does_nothing_for_its_end_customer() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let (mut fading, mut acme) = (customer("Fading"), customer("Acme"));
    fading.details.kind = CustomerKind::Reseller;
    let reseller_id = fading.details.customer_id;
    acme.details.reseller = Some(reseller_id);
    for (key, register) in [("fading", &fading), ("acme", &acme)] {
        one.bus.execute(&operator(key), register).await.unwrap();
    }
    let actor = Actor { subject: "rita".to_owned(), role: Role::Reseller, customer_id: Some(reseller_id) };
    let (closing, renaming) = (operator("closes"), Context { actor, ..operator("renames") });
    let patch = CustomerPatch { name: Some("Renamed".to_owned()), ..CustomerPatch::default() };
    let close = CloseCustomer { customer_id: reseller_id };
    let rename = ChangeCustomer { customer_id: acme.details.customer_id, patch };
    let head = world.hold_head().await.unwrap();
    let closes = one.bus.execute(&closing, &close);
    let renames = async {
        world.blocked(1).await.unwrap();
        other.bus.execute(&renaming, &rename).await
    };
    let both_are_at_it = async {
        world.blocked(2).await.unwrap();
        head.rollback().await.unwrap();
    };
    let (closed, renamed, ()) = tokio::join!(closes, renames, both_are_at_it);
    assert_eq!(closed.unwrap().status, 200);
    assert!(matches!(renamed, Err(Rejection::Refused(Refusal::CustomerClosed))), "{renamed:?}");
    check_log(&world.app).await.unwrap();
}
