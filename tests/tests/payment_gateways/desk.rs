//! Our side of the port on a real log: effects, workers and a gateway that says what a test wants.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api::clock::new_id;
use api::payments::{Cashier, Gateways, PaymentHook};
use chrono::{DateTime, TimeDelta, Utc};
use commands::customer::SetCommercialTerms;
use commands::effects::{self, Wake, Wanted, Worker};
use commands::payment::gateway::{
    Charge, Charged, Found, Hint, PaymentGateway, Refund, RefundFound, Refunding, RequestId,
};
use commands::payment::{PayInvoice, RecordOutcome, RefundPayment, asks};
use commands::seller::Seller;
use commands::{Bus, Clock};
use domain::billing::Period;
use domain::customer::{Gateway, Terms};
use domain::payment::{Payment, PaymentOutcome, PaymentRules};
use domain::process::{Effect, Lane};
use domain::{Currency, ids};
use event_log::lease::Owner;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use tests::log_world::{
    Bill, LogProcess, LogWorld, PATIENCE, WriteInvoice, at, customer, eventually, operator, persist, system,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ground::{KEY, wallet_at};

/// Answers what it was told to, in this order, and remembers what it was asked.
#[derive(Default)]
pub struct Scripted {
    pub charges: Mutex<VecDeque<Charged>>,
    pub finds: Mutex<VecDeque<Found>>,
    pub refunds: Mutex<VecDeque<Refunding>>,
    pub refund_finds: Mutex<VecDeque<RefundFound>>,
    pub asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn next<T>(&self, what: String, answers: &Mutex<VecDeque<T>>) -> T {
        self.asked.lock().unwrap().push(what.clone());
        answers.lock().unwrap().pop_front().unwrap_or_else(|| panic!("nobody expected: {what}"))
    }

    /// How often it was asked for something that begins like that.
    pub fn count(&self, what: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| asked.starts_with(what)).count()
    }
}

impl PaymentGateway for Scripted {
    fn charge<'a>(&'a self, charge: &'a Charge) -> BoxFuture<'a, Charged> {
        let what = format!("charge {} {} of {:?}", charge.payment_id, charge.amount, charge.payer);
        ready(self.next(what, &self.charges)).boxed()
    }

    fn ask<'a>(&'a self, charge: &'a Charge, request: Option<&'a RequestId>) -> BoxFuture<'a, Found> {
        let what = format!("ask {} {:?}", charge.payment_id, request.map(RequestId::as_str));
        ready(self.next(what, &self.finds)).boxed()
    }

    fn refund<'a>(&'a self, refund: &'a Refund) -> BoxFuture<'a, Refunding> {
        let what = format!("refund {} {}", refund.refund_id, refund.amount);
        ready(self.next(what, &self.refunds)).boxed()
    }

    fn ask_refund<'a>(&'a self, refund: &'a Refund) -> BoxFuture<'a, RefundFound> {
        let what = format!("look at {}", refund.refund_id);
        ready(self.next(what, &self.refund_finds)).boxed()
    }

    fn hint(&self, _: &str, _: &[u8]) -> Option<Hint> {
        None
    }
}

/// Business time, moved by hand.
#[derive(Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        at() + TimeDelta::seconds(self.0.load(Ordering::SeqCst))
    }
}

pub struct Desk {
    pub world: LogWorld,
    pub gateway: Arc<Scripted>,
    process: LogProcess,
    bus: Bus,
    hand: Arc<Hand>,
    wake: Wake,
    stop: CancellationToken,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Desk {
    /// With a customer who pays by this gateway; nobody works yet.
    pub async fn of(gateway: Gateway) -> Self {
        let world = LogWorld::new().await.unwrap();
        let process = world.process().await.unwrap();
        let hand = Arc::new(Hand::default());
        let seller = Seller::new(process.bus.seller().entities().cloned().collect()).unwrap();
        let bus = Bus::new(process.pool.clone(), process.batcher.clone(), hand.clone(), Arc::new(seller));
        let payer = customer("Acme");
        bus.execute(&operator("Acme"), &payer).await.unwrap();
        let terms = Terms { gateway, ..Terms::standard(Currency::EUR) };
        let customer_id = payer.details.customer_id;
        let agree = SetCommercialTerms { customer_id, terms, keeps_currency: true };
        bus.execute(&operator("terms"), &agree).await.unwrap();
        sqlx::query("insert into index_customer_aliases (alias, customer_id) values (7, $1)")
            .bind(customer_id)
            .execute(&world.app)
            .await
            .unwrap();
        let (gateway, wake, stop) = (Arc::default(), Wake::default(), CancellationToken::new());
        Self { world, gateway, process, bus, hand, wake, stop }
    }

    /// Has one more worker at it.
    pub fn works(&self) {
        let gateway: Arc<dyn PaymentGateway> = self.gateway.clone();
        let gateways = Gateways { wallet: gateway.clone(), token: gateway };
        let worker = Worker {
            lane: Lane::Payments,
            pool: self.process.pool.clone(),
            performer: Arc::new(Cashier { bus: self.bus.clone(), gateways }),
            wake: self.wake.clone(),
            new_id,
            owner: Owner::this_process("desk"),
        };
        tokio::spawn(worker.run(self.stop.clone()));
    }

    /// The nth payment: an invoice of 119.00 that is to be charged.
    pub async fn pays(&self, n: u32) -> Uuid {
        let last_month = Period::of(Period::of(at().date_naive()).first_day().pred_opt().unwrap());
        let bill = Bill::own(customer("Acme").details.customer_id, last_month, n);
        let invoice_id = bill.invoice_id();
        let write = WriteInvoice { bill, issued_on: Some(at().date_naive()) };
        persist(&self.bus, &system(&format!("invoice {n}")), &write).await.unwrap();
        let payment_id = ids::derived(&["test", "payment", &n.to_string()]);
        let pay = PayInvoice { payment_id, invoice_id, automatic: false };
        persist(&self.bus, &operator(&format!("pay {n}")), &pay).await.unwrap();
        payment_id
    }

    /// Such an invoice that is paid, and of which all is to go back: the payment and its refund.
    pub async fn gives_back(&self) -> (Uuid, Uuid) {
        let payment_id = self.pays(0).await;
        let record = RecordOutcome { payment_id, outcome: PaymentOutcome::Succeeded };
        persist(&self.bus, &system("succeeded"), &record).await.unwrap();
        let (refund_id, credit_note_id) = (ids::derived(&["test", "refund"]), ids::derived(&["test", "credit note"]));
        let refund = RefundPayment { payment_id, refund_id, credit_note_id, amount: None };
        persist(&self.bus, &operator("refund"), &refund).await.unwrap();
        let payment = self.payment(payment_id).await;
        assert_eq!(payment.refunds.len(), 1, "{:?}", payment.refunds);
        (payment_id, payment.refunds[0].id)
    }

    /// Who applies the wallet's webhooks.
    pub fn hook(&self) -> PaymentHook {
        let gateway: Arc<dyn PaymentGateway> = Arc::new(wallet_at("http://127.0.0.1:9", KEY));
        PaymentHook { pool: self.process.pool.clone(), gateway, wake: self.wake.clone() }
    }

    /// What follows from an event, as the processes would ask for it.
    pub async fn wants(&self, effect: Effect) -> Uuid {
        self.asks_for(&effect, Duration::ZERO).await
    }

    /// The same, after an earlier try that may have sent it, and died.
    pub async fn wants_again(&self, effect: Effect) -> Uuid {
        let op_id = self.asks_for(&effect, PATIENCE).await;
        let sql = "update effects set sent_at = clock_timestamp(), due_at = clock_timestamp() where op_id = $1";
        sqlx::query(sql).bind(op_id).execute(&self.world.app).await.unwrap();
        self.wake.wake();
        op_id
    }

    async fn asks_for(&self, effect: &Effect, delay: Duration) -> Uuid {
        let op_id = ids::derived(&["test", effect.name(), &effect.subject()]);
        let wanted = Wanted { process: "collect", op_id, position: None, correlation_id: None, effect, delay };
        effects::ask_in_tx(&self.process.pool, &wanted).await.unwrap();
        self.wake.wake();
        op_id
    }

    /// Business time goes on, and whoever waits for it is told.
    pub async fn passes(&self, seconds: i64) {
        self.hand.0.fetch_add(seconds, Ordering::SeqCst);
        asks::hasten_due(&self.process.pool, self.bus.now()).await.unwrap();
        self.wake.wake();
    }

    /// Somebody hints at it.
    pub async fn hints(&self, kind: &str, subject: Uuid) {
        asks::ask_now(&self.process.pool, kind, &subject.to_string()).await.unwrap();
        self.wake.wake();
    }

    pub async fn payment(&self, id: Uuid) -> Payment {
        self.bus.current::<PaymentRules>(id).await.unwrap().state.known().unwrap().clone()
    }

    /// Waits until an effect is settled; answers how.
    pub async fn settled(&self, op_id: Uuid) -> String {
        let sql = "select outcome from effects where op_id = $1 and state <> 'due'";
        let outcome = Mutex::new(None);
        eventually("an effect to be settled", PATIENCE, async || {
            let found = sqlx::query_scalar(sql).bind(op_id).fetch_optional(&self.world.app).await?;
            *outcome.lock().unwrap() = found;
            Ok(outcome.lock().unwrap().is_some())
        })
        .await
        .unwrap();
        outcome.into_inner().unwrap().unwrap()
    }

    /// Waits until an effect rests until later.
    pub async fn rests(&self, op_id: Uuid) {
        let sql = "select exists (select from effects where op_id = $1 and state = 'due' and lease_until is null \
                   and due_at > clock_timestamp())";
        eventually("an effect to rest", PATIENCE, async || {
            Ok(sqlx::query_scalar(sql).bind(op_id).fetch_one(&self.world.app).await?)
        })
        .await
        .unwrap();
    }
}
