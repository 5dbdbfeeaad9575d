//! Customers: direct, resellers, and resellers' end customers.

mod command;
mod decide;
mod event;
mod state;

pub use command::{Change, ChangeDetails, ContactDetails, CustomerCommand, PostalAddress, RegisterCustomer};
pub use event::{CustomerDetails, CustomerEvent, CustomerRegistered, CustomerSuspendedBy};
pub use state::{Customer, CustomerState, CustomerStatus};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Currency, Decided, Refusal};

/// The rules of a customer.
#[derive(Debug, Clone, Copy)]
pub struct CustomerRules;

impl Decider for CustomerRules {
    const TYPE: AggregateType = AggregateType::Customer;
    type State = CustomerState;
    type Command = CustomerCommand;
    type Event = CustomerEvent;

    fn decide(state: &CustomerState, asked: &Asked<'_, CustomerCommand>) -> Result<Decided<CustomerEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut CustomerState, event: &CustomerEvent) {
        state.evolve(event);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerKind {
    Direct,
    Reseller,
}

impl CustomerKind {
    /// As the API says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Reseller => "reseller",
        }
    }
}

/// Where electronic invoices go: a Peppol participant id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElectronicAddress {
    pub scheme: String,
    pub id: String,
}

/// The commercial terms of one customer; the defaults are those of a new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    pub currency: Currency,
    /// Days from issue to due.
    pub payment_days: u32,
    /// Percent off list-derived prices.
    pub discount_percent: Decimal,
    pub gateway: Gateway,
    pub collection: Collection,
    pub dunning: bool,
    pub bill_to: BillTo,
    pub commission: Commission,
    pub tax_exempt_reason: Option<String>,
}

impl Terms {
    pub fn standard(currency: Currency) -> Self {
        Self {
            currency,
            payment_days: 30,
            discount_percent: Decimal::ZERO,
            gateway: Gateway::Wallet,
            collection: Collection::Automatic,
            dunning: true,
            bill_to: BillTo::Customer,
            commission: Commission { scheme: CommissionScheme::Difference, percent: None },
            tax_exempt_reason: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gateway {
    Wallet,
    Token,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    Automatic,
    Manual,
}

/// Who is invoiced for an end customer's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillTo {
    /// Agency: the end customer; the reseller earns commission.
    Customer,
    /// Resale: the reseller, at the reseller price.
    Reseller,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Commission {
    pub scheme: CommissionScheme,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Decimal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommissionScheme {
    Difference,
    Percent,
    None,
}
