//! Processes: what the product does by itself because something happened. Decisions only; a worker performs
//! the effects, at least once, and answers by command.

pub mod bill;
pub mod catalogue;
pub mod change;
pub mod collect;
pub mod documents;
pub mod dun;
pub mod notify;
pub mod provision;

pub use bill::Bill;
pub use change::Change;
pub use collect::Collect;
pub use documents::Documents;
pub use dun::Dun;
pub use notify::Notify;
pub use provision::Provision;

use std::fmt::Debug;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::billing::Period;
use crate::document::DocumentKey;
use crate::invoice::DunningStep;
use crate::{Event, StreamId};

/// A pure decision over events, with a small state per instance.
pub trait Process {
    /// Stable: it is part of every operation id.
    const NAME: &'static str;
    type State: Default + Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + Unpin + 'static;
    /// What an event is to this process.
    type News: Debug + Send;

    /// Which instance an event belongs to, and what it is to it; `None` when it means nothing to this process.
    fn news(event: &Event, stream: &StreamId) -> Option<(String, Self::News)>;

    /// What is to be done because of it.
    fn react(state: &mut Self::State, news: Self::News) -> Vec<Effect>;
}

/// Something to be done outside. It carries ids only: the worker loads what it is about before it acts, and does
/// nothing when that has meanwhile become pointless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Have the account at the provider.
    OpenAccount { account_id: Uuid },
    /// Have the order at the provider, or cancelled where its account is closed.
    SubmitOrder { order_id: Uuid },
    /// Find out what became of the order's lines.
    WatchOrder { order_id: Uuid },
    /// Ask the provider to cancel the order.
    CancelOrder { order_id: Uuid },
    /// Read the provider's catalogue.
    SyncCatalogue {},
    /// Have the change in flight done at the provider, and learn what came of it.
    ChangeSubscription { subscription_id: Uuid, change_id: Uuid },
    /// Tell the provider what is to happen at the end of the term.
    SendRenewal { subscription_id: Uuid },
    /// Read the subscription at the provider and record what is new.
    LookAtSubscription { subscription_id: Uuid },
    /// Compare everything the provider has with what we hold.
    Reconcile { run_id: Uuid },
    /// Carry out what an operator has decided about a difference; `account_id` is where an unknown one shall belong.
    SettleDrift { drift_id: Uuid, account_id: Option<Uuid> },
    /// Begin the billing of a month that has ended at a seller entity.
    StartBilling { entity: String, period: Period },
    /// Bill everybody whom the run is for.
    RunBilling { run_id: Uuid },
    /// Have the document rendered and stored before anybody asks for it.
    StoreDocuments { document: DocumentKey },
    /// Have the payment charged at its gateway, and learn what came of it.
    ChargePayment { payment_id: Uuid },
    /// Ask the gateway what came of a payment of which nobody knows.
    AskPayment { payment_id: Uuid },
    /// Have money sent back, and learn what came of it.
    RefundPayment { payment_id: Uuid, refund_id: Uuid },
    /// Ask the gateway what came of a refund of which nobody knows.
    AskRefund { payment_id: Uuid, refund_id: Uuid },
    /// Give back what was paid for lines of a prepaid order that came to nothing.
    CreditOrder { order_id: Uuid },
    /// Suspend, or resume, what belongs to the invoice's billed party, as its overdue invoices ask for.
    SettleDunning { invoice_id: Uuid },
    /// Tell a customer by e-mail.
    SendMail { mail: Mail },
}

/// What a customer is told, by what it is about. One message per event that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "mail", rename_all = "snake_case")]
pub enum Mail {
    OrderConfirmed { order_id: Uuid },
    OrderFailed { order_id: Uuid },
    InvoiceIssued { invoice_id: Uuid },
    InvoiceOverdue { invoice_id: Uuid, step: DunningStep },
    PaymentSucceeded { payment_id: Uuid },
    PaymentFailed { payment_id: Uuid },
}

impl Mail {
    pub const fn subject_id(self) -> Uuid {
        match self {
            Self::OrderConfirmed { order_id } | Self::OrderFailed { order_id } => order_id,
            Self::InvoiceIssued { invoice_id } | Self::InvoiceOverdue { invoice_id, .. } => invoice_id,
            Self::PaymentSucceeded { payment_id } | Self::PaymentFailed { payment_id } => payment_id,
        }
    }
}

/// Effects of one lane are performed by workers of their own, so that many of them do not hold up those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    Provider,
    Documents,
    /// At the payment gateways, and what follows from what they say.
    Payments,
    Mail,
}

impl Lane {
    /// As stored in `lane`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Documents => "documents",
            Self::Payments => "payments",
            Self::Mail => "mail",
        }
    }
}

impl Effect {
    /// As stored in `kind`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OpenAccount { .. } => "open_account",
            Self::SubmitOrder { .. } => "submit_order",
            Self::WatchOrder { .. } => "watch_order",
            Self::CancelOrder { .. } => "cancel_order",
            Self::SyncCatalogue {} => "sync_catalogue",
            Self::ChangeSubscription { .. } => "change_subscription",
            Self::SendRenewal { .. } => "send_renewal",
            Self::LookAtSubscription { .. } => "look_at_subscription",
            Self::Reconcile { .. } => "reconcile",
            Self::SettleDrift { .. } => "settle_drift",
            Self::StartBilling { .. } => "start_billing",
            Self::RunBilling { .. } => "run_billing",
            Self::StoreDocuments { .. } => "store_documents",
            Self::ChargePayment { .. } => "charge_payment",
            Self::AskPayment { .. } => "ask_payment",
            Self::RefundPayment { .. } => "refund_payment",
            Self::AskRefund { .. } => "ask_refund",
            Self::CreditOrder { .. } => "credit_order",
            Self::SettleDunning { .. } => "settle_dunning",
            Self::SendMail { .. } => "send_mail",
        }
    }

    /// Who performs it.
    pub const fn lane(&self) -> Lane {
        match self {
            Self::StoreDocuments { .. } => Lane::Documents,
            Self::ChargePayment { .. }
            | Self::AskPayment { .. }
            | Self::RefundPayment { .. }
            | Self::AskRefund { .. }
            | Self::CreditOrder { .. }
            | Self::SettleDunning { .. } => Lane::Payments,
            Self::SendMail { .. } => Lane::Mail,
            Self::OpenAccount { .. }
            | Self::SubmitOrder { .. }
            | Self::WatchOrder { .. }
            | Self::CancelOrder { .. }
            | Self::SyncCatalogue {}
            | Self::ChangeSubscription { .. }
            | Self::SendRenewal { .. }
            | Self::LookAtSubscription { .. }
            | Self::Reconcile { .. }
            | Self::SettleDrift { .. }
            | Self::StartBilling { .. }
            | Self::RunBilling { .. } => Lane::Provider,
        }
    }

    /// The id of what it is about; `catalogue` for the one there is, entity and month where there is none yet.
    pub fn subject(&self) -> String {
        match self {
            Self::OpenAccount { account_id } => account_id.to_string(),
            Self::SubmitOrder { order_id } | Self::WatchOrder { order_id } | Self::CancelOrder { order_id } => {
                order_id.to_string()
            }
            Self::SyncCatalogue {} => "catalogue".to_owned(),
            Self::ChangeSubscription { subscription_id, .. }
            | Self::SendRenewal { subscription_id }
            | Self::LookAtSubscription { subscription_id } => subscription_id.to_string(),
            Self::Reconcile { run_id } | Self::RunBilling { run_id } => run_id.to_string(),
            Self::StartBilling { entity, period } => format!("{entity}/{period}"),
            Self::SettleDrift { drift_id, .. } => drift_id.to_string(),
            Self::StoreDocuments { document } => document.id().to_string(),
            Self::ChargePayment { payment_id } | Self::AskPayment { payment_id } => payment_id.to_string(),
            Self::RefundPayment { refund_id, .. } | Self::AskRefund { refund_id, .. } => refund_id.to_string(),
            Self::CreditOrder { order_id } => order_id.to_string(),
            Self::SettleDunning { invoice_id } => invoice_id.to_string(),
            Self::SendMail { mail } => mail.subject_id().to_string(),
        }
    }
}
