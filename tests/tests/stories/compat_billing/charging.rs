//! What the surface has charged, and that it is charged once.

use std::time::{Duration, Instant};

use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::json;
use tests::gateways;

use super::Desk;

/// Cents, and what becomes of them by wallet and by the older gateway.
const OUTCOMES: [(i64, &str, &str); 8] = [
    (1_000, "PAID", "PAID"),
    (1_099, "PAID", "PAID"),
    (1_011, "ERROR_NO_BALANCE", "ERROR_NO_BALANCE"),
    (1_012, "ERROR_CUSTOMER_NOT_FOUND", "ERROR_CUSTOMER_NOT_FOUND"),
    (1_013, "ERROR_CURRENCY_MISMATCH", "ERROR_CURRENCY_MISMATCH"),
    (1_014, "ERROR_NETWORK", "ERROR_NETWORK"),
    // Charged, and nobody knows; expired, or refused for some other reason.
    (1_015, "ERROR_UNKNOWN", "ERROR_UNKNOWN"),
    (1_016, "ERROR_UNKNOWN", "ERROR_UNKNOWN"),
];

#[tokio::test]
async fn what_comes_of_a_charge_has_its_older_name() -> anyhow::Result<()> {
    let desk = Desk::open().await?;
    let mut expected = Vec::new();
    for (n, (cents, by_wallet, by_token)) in (0..).zip(OUTCOMES) {
        desk.owes(desk.wallet, n, cents).await?;
        desk.owes(desk.token, n, cents).await?;
        expected.extend([by_wallet, by_token]);
    }
    assert_eq!(desk.statuses().await?, ["PENDING"; 16]);
    desk.charges("/rest/v1/billing").await?;
    desk.come_to(&expected).await?;
    // Nothing is pending any more, so nothing is charged again.
    let before = gateways::ledger(&desk.books.world).await?.movements.len();
    desk.charges("/rest/v1/billing").await?;
    assert!(desk.pays().await?);
    assert_eq!(gateways::ledger(&desk.books.world).await?.movements.len(), before);
    assert_eq!(desk.statuses().await?, expected);
    desk.closes().await
}

#[tokio::test]
async fn however_many_ask_at_once_nobody_is_charged_twice() -> anyhow::Result<()> {
    let desk = Desk::open().await?;
    let mut by_wallet = Vec::new();
    for n in 0..12 {
        by_wallet.push(desk.owes(desk.wallet, n, 2_000 + 100 * i64::from(n)).await?);
        desk.owes(desk.token, n, 4_000 + 100 * i64::from(n)).await?;
    }
    let billing = || desk.asks(Method::POST, "/rest/v1/billing");
    let paying = || desk.asks(Method::POST, "/rest/v1/invoices/pay");
    let (first, second, third, fourth) = tokio::try_join!(billing(), billing(), paying(), paying())?;
    for answer in [first, second] {
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    }
    for answer in [third, fourth] {
        assert_eq!((answer.status, answer.body.is_boolean()), (200, true), "{}", answer.text);
    }
    desk.come_to(&["PAID"; 24]).await?;
    let ledger = gateways::ledger(&desk.books.world).await?;
    for invoice in &by_wallet {
        assert_eq!(ledger.charges(invoice).len(), 1, "{ledger:?}");
    }
    // The older gateway knows no references: every amount was charged once.
    let mut charged: Vec<Decimal> = ledger.movements.iter().map(|movement| movement.amount).collect();
    charged.sort_unstable();
    assert_eq!(charged, (20..32).chain(40..52).map(Decimal::from).collect::<Vec<_>>());
    desk.closes().await
}

#[tokio::test]
async fn a_retry_is_for_what_the_network_lost_and_nothing_else() -> anyhow::Result<()> {
    let desk = Desk::open().await?;
    for (n, cents) in (0..).zip([1_014, 1_011, 1_016]) {
        desk.owes(desk.wallet, n, cents).await?;
    }
    desk.owes(desk.token, 0, 1_014).await?;
    desk.charges("/rest/v1/billing").await?;
    let failed = ["ERROR_NETWORK", "ERROR_NO_BALANCE", "ERROR_UNKNOWN", "ERROR_NETWORK"];
    desk.come_to(&failed).await?;
    let pending = desk.owes(desk.wallet, 3, 1_000).await?;
    desk.goes_wrong(json!({ "fault": "outcome:succeeded", "times": 100 })).await?;
    desk.charges("/rest/v1/billing/retry").await?;
    desk.come_to(&["PAID", "ERROR_NO_BALANCE", "ERROR_UNKNOWN", "PAID", "PENDING"]).await?;
    desk.charges("/rest/v1/billing/retry").await?;
    let ledger = gateways::ledger(&desk.books.world).await?;
    assert_eq!((ledger.movements.len(), ledger.charges(&pending).len()), (2, 0), "{ledger:?}");
    // And what is pending is not for it, nor are errors for the others.
    assert!(desk.pays().await?);
    desk.come_to(&["PAID", "ERROR_NO_BALANCE", "ERROR_UNKNOWN", "PAID", "PAID"]).await?;
    desk.closes().await
}

#[tokio::test]
async fn pay_says_whether_all_of_it_was_paid_in_time() -> anyhow::Result<()> {
    let desk = Desk::open().await?;
    assert!(desk.pays().await?, "nothing is pending");
    desk.owes(desk.wallet, 0, 1_000).await?;
    desk.owes(desk.token, 0, 1_000).await?;
    assert!(desk.pays().await?);
    assert_eq!(desk.statuses().await?, ["PAID", "PAID"]);

    desk.owes(desk.wallet, 1, 1_011).await?;
    desk.owes(desk.token, 1, 1_000).await?;
    assert!(!desk.pays().await?);
    desk.come_to(&["PAID", "PAID", "ERROR_NO_BALANCE", "PAID"]).await?;
    assert!(desk.pays().await?, "what failed is not pending");

    // Somebody takes his time: the answer does not, and the work goes on.
    let slow = desk.owes(desk.wallet, 2, 1_000).await?;
    desk.goes_wrong(json!({ "fault": "outcome:pending", "match": { "path": "/v1/payment-requests" } })).await?;
    let begun = Instant::now();
    assert!(!desk.pays().await?);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(desk.statuses().await?.last().unwrap(), "PENDING");
    gateways::wallet_ends(&desk.books.world, &slow, "succeeded").await?;
    desk.come_to(&["PAID", "PAID", "ERROR_NO_BALANCE", "PAID", "PAID"]).await?;
    assert_eq!(gateways::ledger(&desk.books.world).await?.charges(&slow).len(), 1);
    desk.closes().await
}
