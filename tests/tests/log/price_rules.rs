//! The id of a price rule is in one scope, whoever sets it for another one at the same time.

use chrono::Days;
use commands::price_rule::{RemovePriceRule, SetPriceRule};
use commands::{Receipt, Rejection};
use domain::Refusal;
use domain::price_rule::Formula;
use futures::future::join_all;
use tests::log_world::{LogProcess, LogWorld, at, check_log, customer, operator, persist};
use uuid::Uuid;

const RULE: Uuid = Uuid::from_u128(7);

/// Two processes and two customers.
struct Ground {
    world: LogWorld,
    one: LogProcess,
    other: LogProcess,
    acme: Uuid,
    bolt: Uuid,
}

impl Ground {
    async fn new() -> Self {
        let world = LogWorld::new().await.unwrap();
        let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
        let (acme, bolt) = (registered(&one, "Acme").await, registered(&one, "Bolt").await);
        Self { world, one, other, acme, bolt }
    }

    /// The streams the id was ever set in, each as often as it was.
    async fn set_in(&self) -> Vec<String> {
        let sql = "select aggregate_id from events where event_type = 'PriceRuleSet' \
                   and payload->'PriceRuleSet'->'rule'->>'rule_id' = $1::text order by position";
        sqlx::query_scalar(sql).bind(RULE).fetch_all(&self.world.app).await.unwrap()
    }
}

async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let customer = customer(name);
    process.bus.execute(&operator(name), &customer).await.unwrap();
    customer.details.customer_id
}

/// The seller's rule of that id, for one customer.
fn rule(customer_id: Uuid) -> SetPriceRule {
    SetPriceRule {
        rule_id: RULE,
        author: None,
        customer_id: Some(customer_id),
        reseller_id: None,
        service_id: None,
        formula: Formula::List,
        effective_from: None,
    }
}

/// Without taking turns, for that is done within one process only.
async fn sets(process: &LogProcess, key: &str, customer_id: Uuid) -> Result<Receipt, Rejection> {
    process.bus.execute(&operator(key), &rule(customer_id)).await
}

fn is_duplicate(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::Refused(Refusal::DuplicatePriceRule))
}

#[tokio::test]
async fn an_id_that_two_processes_set_for_two_scopes_is_in_one() {
    let ground = Ground::new().await;
    let Ground { world, one, other, acme, bolt } = &ground;
    for round in 1..=3 {
        let head = world.hold_head().await.unwrap();
        let both_are_at_it = async {
            world.blocked(2).await.unwrap();
            head.rollback().await.unwrap();
        };
        let (mine, yours) = (format!("mine {round}"), format!("yours {round}"));
        let (mine, yours, ()) = tokio::join!(sets(one, &mine, *acme), sets(other, &yours, *bolt), both_are_at_it);
        let (set, refused) = match (mine, yours) {
            (Ok(set), Err(refused)) | (Err(refused), Ok(set)) => (set, refused),
            neither_or_both => panic!("{neither_or_both:?}"),
        };
        assert!(set.status == 201 && is_duplicate(&refused), "{set:?}, {refused}");
        assert_eq!(ground.set_in().await.len(), round);
        // Its id is free again, for either of them.
        let remove = RemovePriceRule { rule_id: RULE };
        persist(&one.bus, &operator(&format!("remove {round}")), &remove).await.unwrap();
    }
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn who_is_cut_off_while_it_sets_an_id_has_not_set_it() {
    let ground = Ground::new().await;
    let Ground { world, one, other, acme, bolt } = &ground;
    let head = world.hold_head().await.unwrap();
    let cut = async {
        world.blocked(1).await.unwrap();
        let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                   where datname = current_database() and wait_event_type = 'Lock'";
        let ended: i64 = sqlx::query_scalar(sql).fetch_one(&world.admin).await.unwrap();
        assert_eq!(ended, 1);
    };
    let (lost, ()) = tokio::join!(sets(one, "mine", *acme), cut);
    assert!(matches!(lost, Err(Rejection::Unavailable)), "{lost:?}");
    head.rollback().await.unwrap();
    assert_eq!(sets(other, "yours", *bolt).await.unwrap().status, 201);
    let again = persist(&one.bus, &operator("mine"), &rule(*acme)).await.unwrap_err();
    assert!(is_duplicate(&again), "{again}");
    assert_eq!(ground.set_in().await.len(), 1);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn who_goes_away_while_it_sets_an_id_keeps_nobody_from_it() {
    let ground = Ground::new().await;
    let Ground { world, one, other, acme, bolt } = &ground;
    let head = world.hold_head().await.unwrap();
    let mine = tokio::select! {
        ended = sets(one, "mine", *acme) => Some(ended),
        blocked = world.blocked(1) => { blocked.unwrap(); None }
    };
    assert!(mine.is_none(), "{mine:?}");
    let both_are_at_it = async {
        world.blocked(2).await.unwrap();
        head.rollback().await.unwrap();
    };
    let (yours, ()) = tokio::join!(sets(other, "yours", *bolt), both_are_at_it);
    assert_eq!(yours.unwrap().status, 201);
    assert_eq!(ground.set_in().await.len(), 1);
    let again = persist(&one.bus, &operator("mine"), &rule(*acme)).await.unwrap_err();
    assert!(is_duplicate(&again), "{again}");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn more_of_them_than_there_are_connections_all_come_to_an_end() {
    let ground = Ground::new().await;
    let Ground { world, one, other, .. } = &ground;
    let mut customers = Vec::new();
    for n in 0..24 {
        customers.push(registered(one, &format!("Customer {n}")).await);
    }
    let asked = customers.iter().enumerate().map(|(n, customer_id)| async move {
        let process = if n.is_multiple_of(2) { one } else { other };
        sets(process, &format!("set {n}"), *customer_id).await
    });
    let ended = join_all(asked).await;
    assert_eq!(ended.iter().filter(|ended| ended.is_ok()).count(), 1);
    assert!(ended.iter().filter_map(|ended| ended.as_ref().err()).all(is_duplicate), "{ended:?}");
    assert_eq!(ground.set_in().await.len(), 1);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn many_ids_come_into_one_scope_at_once() {
    let ground = Ground::new().await;
    let Ground { world, one, other, acme, .. } = &ground;
    let asked = (1..=24_u32).map(|n| async move {
        let process = if n.is_multiple_of(2) { one } else { other };
        let effective_from = Some(at().date_naive() + Days::new(n.into()));
        let rule = SetPriceRule { rule_id: Uuid::from_u128(n.into()), effective_from, ..rule(*acme) };
        process.bus.execute(&operator(&format!("set {n}")), &rule).await
    });
    for ended in join_all(asked).await {
        assert_eq!(ended.unwrap().status, 201);
    }
    check_log(&world.app).await.unwrap();
}
