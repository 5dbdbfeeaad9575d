//! Seller and buyer.

use domain::customer::ElectronicAddress;
use domain::document::Party;
use en16931::Identifier;
use en16931::invoice::{Code, InvoiceBuilder, Party as Model, PostalAddress};

use crate::{Kind, Sheet};

/// On a commission statement the reseller is who sells: its mediation.
pub fn add(invoice: InvoiceBuilder, sheet: &Sheet) -> InvoiceBuilder {
    let (seller, buyer) = (party(&sheet.seller), party(&sheet.buyer));
    match sheet.kind {
        Kind::Invoice(_) | Kind::CreditNote => invoice.seller(seller).buyer(buyer),
        Kind::CommissionStatement => invoice.seller(buyer).buyer(seller),
    }
}

fn party(party: &Party) -> Model {
    let mut lines = party.address.iter().cloned();
    Model {
        name: Some(party.name.clone()),
        vat_identifier: party.vat_id.clone(),
        electronic_address: party.electronic_address.as_ref().map(electronic),
        address: PostalAddress {
            line1: lines.next(),
            line2: lines.next(),
            line3: joined(lines),
            city: party.city.clone(),
            post_code: party.postal_code.clone(),
            country: Some(Code::new(&*party.country)),
            ..PostalAddress::default()
        },
        ..Model::default()
    }
}

/// The model has three lines: the last one takes what is left.
fn joined(lines: impl Iterator<Item = String>) -> Option<String> {
    Some(lines.collect::<Vec<_>>().join(", ")).filter(|line| !line.is_empty())
}

fn electronic(address: &ElectronicAddress) -> Identifier {
    Identifier::schemed(&*address.id, &*address.scheme)
}
