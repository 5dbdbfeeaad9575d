//! `POST /v1/customers`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::customer::RegisterCustomer;
use commands::{Bus, Operation};
use domain::customer::{
    ContactDetails, CustomerKind, ElectronicAddress, PostalAddress, RegisterCustomer as Registration, Terms,
};
use domain::money::Currency;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{CustomerBody, CustomerResource};
use crate::clock;
use crate::http::api::Api;
use crate::http::fields::{Fields, FromFields};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// A new customer. A reseller registers direct customers of its own only.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"name": "Acker", "kind": "direct", "country": "DE", "currency": "EUR", "vat_id": "DE123456789",
    "contact": {"name": "Ada Acker", "email": "ada@acker.example"}}))]
pub struct RegisterCustomerBody {
    pub name: String,
    /// `direct` or `reseller`.
    pub kind: String,
    pub reseller_id: Option<Uuid>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// ISO 4217.
    pub currency: String,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddressIn>,
    pub buyer_reference: Option<String>,
    pub contact: ContactIn,
    pub address: Option<AddressIn>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ContactIn {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct AddressIn {
    pub street: String,
    pub city: String,
    pub postal_code: String,
    pub country: String,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct ElectronicAddressIn {
    pub scheme: String,
    pub id: String,
}

/// What the body says, checked.
#[derive(Debug)]
pub struct Asked {
    name: String,
    kind: CustomerKind,
    reseller_id: Option<Uuid>,
    country: String,
    currency: Currency,
    legal_name: Option<String>,
    vat_id: Option<String>,
    electronic_address: Option<ElectronicAddress>,
    buyer_reference: Option<String>,
    contact: ContactDetails,
    address: Option<PostalAddress>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let name = f.required("name", values::text);
        let kinds = [("direct", CustomerKind::Direct), ("reseller", CustomerKind::Reseller)];
        let kind = f.required("kind", values::one_of(&kinds));
        let reseller_id = f.optional("reseller_id", values::uuid);
        let country = f.required("country", values::country);
        let currency = f.required("currency", values::currency);
        let legal_name = f.optional("legal_name", values::text);
        let vat_id = f.optional("vat_id", values::text);
        let electronic_address = f.optional_object("electronic_address");
        let buyer_reference = f.optional("buyer_reference", values::text);
        let contact = f.required_object("contact");
        let address = f.optional_object("address");
        Some(Self {
            name: name?,
            kind: kind?,
            reseller_id,
            country: country?,
            currency: currency?,
            legal_name,
            vat_id,
            electronic_address,
            buyer_reference,
            contact: contact?,
            address,
        })
    }
}

impl FromFields for ContactDetails {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (name, email) = (f.required("name", values::text), f.required("email", values::email));
        let phone = f.optional("phone", values::phone);
        Some(Self { name: name?, email: email?, phone })
    }
}

impl FromFields for PostalAddress {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (street, city) = (f.required("street", values::text), f.required("city", values::text));
        let (postal_code, country) = (f.required("postal_code", values::text), f.required("country", values::country));
        Some(Self { street: street?, city: city?, postal_code: postal_code?, country: country? })
    }
}

impl FromFields for ElectronicAddress {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let (scheme, id) = (f.required("scheme", values::text), f.required("id", values::text));
        Some(Self { scheme: scheme?, id: id? })
    }
}

impl Asked {
    fn registration(self, bus: &Bus) -> Registration {
        Registration {
            customer_id: clock::new_id(),
            seller_entity: bus.seller().entity_for(&self.country).id.clone(),
            name: self.name,
            kind: self.kind,
            reseller: self.reseller_id,
            country: self.country,
            legal_name: self.legal_name,
            vat_id: self.vat_id,
            electronic_address: self.electronic_address,
            buyer_reference: self.buyer_reference,
            contact: self.contact,
            address: self.address,
            terms: Terms::standard(self.currency),
        }
    }
}

/// Register a customer
#[utoipa::path(
    post, path = "/v1/customers", tag = "customers", operation_id = "register_customer",
    request_body = RegisterCustomerBody,
    params(("Idempotency-Key" = String, Header)),
    responses((status = 201, body = CustomerBody, description = "Registered."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn register_customer(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let (context, asked) = api.write::<Asked>(Operation::RegisterCustomer, request).await?;
    let command = RegisterCustomer { details: asked.registration(&api.bus) };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<CustomerResource>(&context, receipt).await
}
