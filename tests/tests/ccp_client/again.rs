//! Effects whose end was never noted are performed again, and by then the provider may show something newer. What is the
//! same is answered once; what is new is answered too.

use std::sync::Arc;
use std::time::Duration;

use api::clock::new_id;
use ccp_adapter::Adapter;
use ccp_adapter::client::ChangeAtProvider;
use chrono::NaiveTime;
use commands::effects::{self, Due, Performed, Performer, Wake, Wanted, Worker};
use commands::seller::Seller;
use commands::{Answer, Bus, Command, Failure, Operation, Work};
use domain::drift::{DetectDrift, DriftCommand, DriftField, DriftResolution, DriftRules};
use domain::process::{Effect, Lane};
use domain::service::{BillingCycle, ServiceRules, Term};
use domain::subscription::{
    RenewalAction, StartSubscription, Subscription, SubscriptionCommand, SubscriptionRules, SubscriptionStarted,
};
use domain::{AggregateType, Currency, StreamId, UnitPrice, ids};
use event_log::lease::Owner;
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::log_world::{LogProcess, LogWorld, Standing, at, euro, system};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::at_simulator::{Ground, new_op};
use crate::patience::wait_until;

pub const OURS: Uuid = Uuid::from_u128(3);

/// What somebody does at the provider.
type Edit = Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Performs an effect four times, as if it died each time before the end was noted: at first twice at once, then, after
/// an edit, one after the other.
struct Dying {
    adapter: Adapter,
    edit: Edit,
}

impl Performer for Dying {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        async move {
            tokio::join!(self.adapter.perform(due), self.adapter.perform(due));
            (self.edit)().await;
            self.adapter.perform(due).await;
            self.adapter.perform(due).await
        }
        .boxed()
    }
}

/// A log with the subscription that the ground has at the provider.
pub struct Log {
    pub world: LogWorld,
    pub process: LogProcess,
    pub bus: Bus,
}

impl Log {
    /// On the day on which that has begun.
    pub async fn with(ground: &Ground) -> Self {
        let world = LogWorld::new().await.unwrap();
        let process = world.process().await.unwrap();
        let seller = Seller::new(process.bus.seller().entities().cloned().collect()).unwrap();
        let shown = ground.shown().await;
        let clock = Standing(shown.starts_on.and_time(NaiveTime::MIN).and_utc());
        let bus = Bus::new(process.pool.clone(), process.batcher.clone(), Arc::new(clock), Arc::new(seller));
        let start = StartSubscription { started: started(ground).await, seats: shown.seats };
        bus.execute(&system("start"), &Starts(start)).await.unwrap();
        Self { world, process, bus }
    }

    /// Has an effect performed, by somebody who keeps dying, and waits for its end.
    async fn performs(&self, ground: &Ground, effect: &Effect, edit: Edit) {
        let op_id = new_op();
        let wanted =
            Wanted { process: "test", op_id, position: None, correlation_id: None, effect, delay: Duration::ZERO };
        effects::ask_in_tx(&self.process.pool, &wanted).await.unwrap();
        let stop = CancellationToken::new();
        let adapter = Adapter { bus: self.bus.clone(), client: ground.client.clone() };
        let worker = Worker {
            lane: Lane::Provider,
            pool: self.process.pool.clone(),
            performer: Arc::new(Dying { adapter, edit }),
            wake: Wake::default(),
            new_id,
            owner: Owner::this_process("again"),
        };
        let working = tokio::spawn(worker.run(stop.clone()));
        let sql = "select state || ': ' || outcome from effects where op_id = $1 and state <> 'due'";
        let ended: String = wait_until("the effect ends", || async {
            sqlx::query_scalar(sql).bind(op_id).fetch_optional(&self.world.app).await.unwrap()
        })
        .await;
        stop.cancel();
        working.await.unwrap();
        assert!(ended.starts_with("done: "), "{ended}");
    }

    async fn subscription(&self) -> Subscription {
        self.bus.current::<SubscriptionRules>(OURS).await.unwrap().state.known().unwrap().clone()
    }

    /// How many events of that name a stream has, or all streams.
    async fn count(&self, event: &str, stream: Option<Uuid>) -> i64 {
        let sql =
            "select count(*) from events where event_type = $1 and aggregate_id = coalesce($2::text, aggregate_id)";
        sqlx::query_scalar(sql).bind(event).bind(stream).fetch_one(&self.world.app).await.unwrap()
    }
}

/// As it was when it was provisioned.
async fn started(ground: &Ground) -> SubscriptionStarted {
    let shown = ground.shown().await;
    SubscriptionStarted {
        subscription_id: OURS,
        order_id: Uuid::from_u128(2),
        line: 1,
        account_id: Uuid::from_u128(1),
        customer_id: Uuid::from_u128(4),
        reseller_id: None,
        service_id: ids::service("ccp", &shown.sku),
        service_name: "Storage".to_owned(),
        sku: shown.sku,
        provider_subscription_id: shown.id,
        quantity: shown.quantity,
        unit_price: UnitPrice::rounded(Decimal::from(5), Currency::EUR),
        reseller_unit_price: None,
        discountable: true,
        exchange_rate: None,
        unit_cost: euro(400),
        term: Term::Month,
        billing_cycle: BillingCycle::Month,
        starts_on: shown.starts_on,
        ends_on: shown.ends_on,
        cancellation_window_hours: Some(168),
        min_quantity: 1,
        max_quantity: 300,
        confirmed_at: at(),
        provider_revision: shown.revision,
    }
}

struct Starts(StartSubscription);

impl Command for Starts {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let customer = Some(self.0.started.customer_id);
        let start = SubscriptionCommand::Start(Box::new(self.0.clone()));
        work.decide::<SubscriptionRules>(OURS, &start, customer).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, OURS)))
    }
}

/// A difference that an operator has decided to adopt.
struct Adopts(DetectDrift);

impl Command for Adopts {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.0.drift_id;
        let resolution = DriftResolution::Adopted;
        let adopt = DriftCommand::Resolve { resolution, account_id: None, note: None };
        for command in [DriftCommand::Detect(Box::new(self.0.clone())), adopt] {
            work.decide::<DriftRules>(id, &command, self.0.customer_id).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::Drift, id)))
    }
}

/// Somebody in the provider's own console.
async fn console(method: Method, url: String, body: Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.request(method, url).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

/// An edit in the console.
fn edit(method: Method, url: String, body: Value) -> Edit {
    Box::new(move || console(method.clone(), url.clone(), body.clone()).boxed())
}

#[tokio::test]
async fn a_look_that_is_done_again_takes_over_what_is_new_by_then() {
    let ground = Ground::with("team-storage", 3).await;
    let log = Log::with(&ground).await;
    let url = format!("{}/sim/subscriptions/{}", ground.url(), ground.id);
    console(Method::PATCH, url.clone(), json!({ "quantity": 5 })).await;
    let look = Effect::LookAtSubscription { subscription_id: OURS };
    log.performs(&ground, &look, edit(Method::PATCH, url, json!({ "quantity": 7 }))).await;
    let (ours, shown) = (log.subscription().await.core, ground.shown().await);
    assert_eq!((ours.quantity, ours.provider_revision), (7, shown.revision));
    assert_eq!(log.count("QuantityChangeConfirmed", Some(OURS)).await, 2, "each once");
    for event in ["DriftDetected", "DriftResolved"] {
        assert_eq!(log.count(event, None).await, 2, "{event}");
    }
    ground.end().await;
}

#[tokio::test]
async fn a_renewal_that_is_adopted_again_is_the_one_shown_by_then() {
    let ground = Arc::new(Ground::with("team-storage", 3).await);
    let log = Log::with(&ground).await;
    let tell = |auto_renew| ChangeAtProvider::Renewal { auto_renew, quantity: None };
    let shown = ground.change(tell(false)).await;
    let drift_id = ids::drift(&shown.id, DriftField::Renewal.name(), shown.revision);
    let seen = DetectDrift {
        drift_id,
        provider_account_id: Some(shown.account_id),
        provider_subscription_id: shown.id,
        subscription_id: Some(OURS),
        customer_id: Some(Uuid::from_u128(4)),
        field: DriftField::Renewal,
        ours: Some("renew".to_owned()),
        theirs: Some("expire".to_owned()),
        revision: shown.revision,
    };
    log.bus.execute(&system("adopt"), &Adopts(seen)).await.unwrap();
    let settle = Effect::SettleDrift { drift_id, account_id: None };
    let at_provider = Arc::clone(&ground);
    let edit: Edit = Box::new(move || {
        let ground = Arc::clone(&at_provider);
        async move { assert!(ground.change(tell(true)).await.auto_renew) }.boxed()
    });
    log.performs(&ground, &settle, edit).await;
    let renewal = log.subscription().await.core.renewal;
    assert_eq!((renewal.action, renewal.confirmed), (RenewalAction::Renew, true));
    for event in ["RenewalInstructionSet", "RenewalInstructionConfirmed"] {
        assert_eq!(log.count(event, Some(OURS)).await, 2, "{event}: each once");
    }
    Arc::into_inner(ground).unwrap().end().await;
}

#[tokio::test]
async fn a_catalogue_that_is_read_again_brings_what_is_new_by_then() {
    let ground = Ground::with("team-storage", 3).await;
    let log = Log::with(&ground).await;
    let dearer = json!({ "sku": "office-business", "unit_cost": { "amount": "15.00", "currency": "EUR" } });
    let edit = edit(Method::POST, format!("{}/sim/catalogue", ground.url()), dearer);
    log.performs(&ground, &Effect::SyncCatalogue {}, edit).await;
    let id = ids::service("ccp", "office-business");
    let service = log.bus.current::<ServiceRules>(id).await.unwrap();
    assert_eq!(service.state.known().unwrap().unit_cost, euro(1_500));
    for event in ["ServiceListed", "ServicePriceChanged"] {
        assert_eq!(log.count(event, Some(id)).await, 1, "{event}");
    }
    ground.end().await;
}
