//! Who sells: the seller entities, from configuration.

use serde::{Deserialize, Serialize};

/// One legal entity of the seller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SellerEntity {
    pub id: String,
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub vat_id: String,
    /// Printed on documents, one line each.
    pub address: Vec<String>,
    /// In front of the year in document numbers; empty with one entity.
    #[serde(default)]
    pub number_prefix: String,
    /// Countries whose customers belong to it.
    #[serde(default)]
    pub customer_countries: Vec<String>,
}

/// The seller: at least one entity; the first takes the customers of countries nobody lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    first: SellerEntity,
    others: Vec<SellerEntity>,
}

impl Seller {
    /// `None` without any entity.
    pub fn new(mut entities: Vec<SellerEntity>) -> Option<Self> {
        if entities.is_empty() {
            return None;
        }
        let others = entities.split_off(1);
        entities.pop().map(|first| Self { first, others })
    }

    /// The entity a customer of that country belongs to.
    pub fn entity_for(&self, country: &str) -> &SellerEntity {
        let mut all = std::iter::once(&self.first).chain(&self.others);
        all.find(|entity| entity.customer_countries.iter().any(|listed| listed == country)).unwrap_or(&self.first)
    }

    /// The entity of that id; the first when configuration no longer has it.
    pub fn entity(&self, id: &str) -> &SellerEntity {
        std::iter::once(&self.first).chain(&self.others).find(|entity| entity.id == id).unwrap_or(&self.first)
    }
}
