//! `PATCH /v1/customers/{id}`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::customer::{
    AddressPatch, ChangeCustomer, ContactPatch, CustomerPatch, ElectronicAddressPatch, StaffPatch,
};
use domain::customer::Change;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{CustomerBody, CustomerResource};
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields, Patch};
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;

/// A JSON merge patch: absent fields stay, `null` removes. `reseller_id`, `country`, `currency`, `legal_name`, `vat_id`
/// and `electronic_address` are the operator's to change.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"buyer_reference": "04011000-1234512345-35", "contact": {"phone": "+49 30 901820"}}))]
pub struct ChangeCustomerBody {
    pub name: Option<String>,
    pub contact: Option<ContactPatchIn>,
    pub address: Option<AddressPatchIn>,
    pub buyer_reference: Option<String>,
    /// Moves the customer to another reseller, or with `null` to none.
    pub reseller_id: Option<Uuid>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// ISO 4217; part of the terms.
    pub currency: Option<String>,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddressPatchIn>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ContactPatch)]
pub struct ContactPatchIn {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = AddressPatch)]
pub struct AddressPatchIn {
    pub street: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ElectronicAddressPatch)]
pub struct ElectronicAddressPatchIn {
    pub scheme: Option<String>,
    pub id: Option<String>,
}

impl<T> From<Patch<T>> for Change<T> {
    fn from(patch: Patch<T>) -> Self {
        match patch {
            Patch::Absent => Self::Keep,
            Patch::Null => Self::Remove,
            Patch::Value(value) => Self::Replace(value),
        }
    }
}

impl FromFields for CustomerPatch {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: f.optional_not_null("name", values::text),
            buyer_reference: f.patch("buyer_reference", values::text).into(),
            contact: if f.is_absent("contact") { None } else { f.required_object("contact") },
            address: f.patch_object("address").into(),
            by_staff: StaffPatch {
                reseller: f.patch("reseller_id", values::uuid).into(),
                country: f.optional_not_null("country", values::country),
                currency: f.optional_not_null("currency", values::currency),
                legal_name: f.patch("legal_name", values::text).into(),
                vat_id: f.patch("vat_id", values::text).into(),
                electronic_address: f.patch_object("electronic_address").into(),
            },
        })
    }
}

impl FromFields for ContactPatch {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            name: f.optional_not_null("name", values::text),
            email: f.optional_not_null("email", values::email),
            phone: f.patch("phone", values::phone).into(),
        })
    }
}

impl FromFields for AddressPatch {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            street: f.optional_not_null("street", values::text),
            city: f.optional_not_null("city", values::text),
            postal_code: f.optional_not_null("postal_code", values::text),
            country: f.optional_not_null("country", values::country),
        })
    }
}

impl FromFields for ElectronicAddressPatch {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        Some(Self { scheme: f.optional_not_null("scheme", values::text), id: f.optional_not_null("id", values::text) })
    }
}

/// Change a customer
#[utoipa::path(
    patch, path = "/v1/customers/{id}", tag = "customers", operation_id = "change_customer",
    request_body = ChangeCustomerBody,
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = Option<String>, Header), ("If-Match" = Option<String>, Header)),
    responses((status = 200, body = CustomerBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn change_customer(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, patch) = api.write::<CustomerPatch>(Operation::ChangeCustomer, request).await?;
    let command = ChangeCustomer { customer_id: api::path_id(&id)?, patch };
    let receipt = api.bus.execute(&context, &command).await?;
    api.answer::<CustomerResource>(&context, receipt).await
}
