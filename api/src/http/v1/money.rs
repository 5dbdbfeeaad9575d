//! How money looks in the OpenAPI document. The values themselves are the domain's.

use serde::Serialize;
use utoipa::ToSchema;

/// A sum with exactly its currency's digits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyBody {
    /// A decimal string, never a number.
    #[schema(example = "437.50")]
    pub amount: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
}

/// A price per seat and cycle, with up to six decimals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnitPrice)]
pub struct PriceBody {
    /// A decimal string, never a number.
    #[schema(example = "10.5375")]
    pub amount: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    pub currency: String,
}

/// The tax of one rate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tax)]
pub struct TaxBody {
    /// `S` standard, `AE` reverse charge, `G` export, `E` exempt.
    pub category: &'static str,
    /// Percent.
    #[schema(example = "19")]
    pub rate: String,
    #[schema(value_type = MoneyBody)]
    pub base: domain::Money,
    #[schema(value_type = MoneyBody)]
    pub amount: domain::Money,
    pub note: Option<String>,
}

impl From<&domain::tax::TaxAmount> for TaxBody {
    fn from(tax: &domain::tax::TaxAmount) -> Self {
        Self {
            category: tax.category.code(),
            rate: super::resource::percent(tax.rate),
            base: tax.base,
            amount: tax.amount,
            note: tax.note.clone(),
        }
    }
}
