//! A customer as the API shows it.

use chrono::{DateTime, Utc};
use domain::customer::{BillTo, Collection, CommissionScheme, Customer, CustomerRules, CustomerState, Gateway, Terms};
use domain::{PersonalRef, Role};
use projections::customers::Customers;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::resource::{ContactBody, Head, Resource, View, percent, text};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerBody {
    #[serde(flatten)]
    pub head: Head,
    pub name: String,
    /// `direct` or `reseller`.
    pub kind: &'static str,
    /// Set for an end customer.
    pub reseller_id: Option<Uuid>,
    /// `active`, `suspended` or `closed`.
    pub status: &'static str,
    pub suspended_by: Option<&'static str>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Of its terms, ISO 4217.
    pub currency: &'static str,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub contact: ContactBody,
    pub address: Option<AddressBody>,
    pub electronic_address: Option<ElectronicAddressBody>,
    pub buyer_reference: Option<String>,
    pub terms: TermsBody,
    pub erased_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AddressBody {
    pub street: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ElectronicAddressBody {
    pub scheme: String,
    pub id: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TermsBody {
    pub currency: &'static str,
    pub payment_days: u32,
    /// Percent.
    pub discount_percent: String,
    pub gateway: &'static str,
    pub collection: &'static str,
    pub dunning: bool,
    pub bill_to: &'static str,
    /// Not shown to a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission: Option<CommissionBody>,
    pub tax_exempt_reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CommissionBody {
    pub scheme: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<String>,
}

/// The resource.
#[derive(Debug)]
pub struct CustomerResource;

impl Resource for CustomerResource {
    type Rules = CustomerRules;
    type Noun = Customers;
    type Content = Customer;
    type Body = CustomerBody;
    const PATH: &'static str = "/v1/customers";

    fn of_state(state: &CustomerState) -> Option<&Customer> {
        state.known()
    }

    fn of_row(state: &CustomerState) -> Option<&Customer> {
        state.known()
    }

    fn personal(customer: &Customer) -> Vec<PersonalRef> {
        [Some(customer.contact), customer.address].into_iter().flatten().collect()
    }

    fn body(customer: &Customer, head: Head, view: &View<'_>) -> CustomerBody {
        // A reseller is shown itself and its present end customers only.
        let sees_commission = view.is_staff() || view.actor.role == Role::Reseller;
        CustomerBody {
            head,
            name: customer.name.clone(),
            kind: customer.kind.name(),
            reseller_id: customer.reseller_id,
            status: customer.status.name(),
            suspended_by: customer.suspended_by.map(|by| by.name()),
            country: customer.country.clone(),
            currency: customer.terms.currency.code(),
            legal_name: customer.legal_name.clone(),
            vat_id: customer.vat_id.clone(),
            contact: ContactBody::of(view.fields(customer.contact)),
            address: customer.address.map(|address| AddressBody::of(view.fields(address))),
            electronic_address: customer
                .electronic_address
                .as_ref()
                .map(|address| ElectronicAddressBody { scheme: address.scheme.clone(), id: address.id.clone() }),
            buyer_reference: customer.buyer_reference.clone(),
            terms: TermsBody::of(&customer.terms, sees_commission),
            erased_at: customer.erased_at,
        }
    }
}

impl AddressBody {
    fn of(fields: Option<&Map<String, Value>>) -> Self {
        Self {
            street: text(fields, "street"),
            city: text(fields, "city"),
            postal_code: text(fields, "postal_code"),
            country: text(fields, "country"),
        }
    }
}

impl TermsBody {
    fn of(terms: &Terms, sees_commission: bool) -> Self {
        let commission = CommissionBody {
            scheme: match terms.commission.scheme {
                CommissionScheme::Difference => "difference",
                CommissionScheme::Percent => "percent",
                CommissionScheme::None => "none",
            },
            percent: terms.commission.percent.map(percent),
        };
        Self {
            currency: terms.currency.code(),
            payment_days: terms.payment_days,
            discount_percent: percent(terms.discount_percent),
            gateway: match terms.gateway {
                Gateway::Wallet => "wallet",
                Gateway::Token => "token",
            },
            collection: match terms.collection {
                Collection::Automatic => "automatic",
                Collection::Manual => "manual",
            },
            dunning: terms.dunning,
            bill_to: match terms.bill_to {
                BillTo::Customer => "customer",
                BillTo::Reseller => "reseller",
            },
            commission: sees_commission.then_some(commission),
            tax_exempt_reason: terms.tax_exempt_reason.clone(),
        }
    }
}
