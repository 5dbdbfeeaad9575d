//! What tests of customers and accounts share.
#![allow(dead_code)]

use chrono::{DateTime, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use domain::customer::ContactDetails;
use domain::decider::{OwnedAsked, fold};
use domain::{Actor, Asked, Decided, Decider, Folded, Refusal};
use uuid::Uuid;

pub const CUSTOMER: Uuid = Uuid::from_u128(1);
pub const RESELLER: Uuid = Uuid::from_u128(2);
pub const ACCOUNT: Uuid = Uuid::from_u128(3);

pub fn asked<C>(command: C) -> OwnedAsked<C> {
    OwnedAsked { at: DateTime::<Utc>::UNIX_EPOCH, by: Actor::system("test"), command }
}

pub fn given<D: Decider>(events: &[D::Event]) -> AggregateTestExecutor<Folded<D>> {
    TestFramework::<Folded<D>>::with(()).given(events.to_vec())
}

pub fn decide<D: Decider>(events: &[D::Event], command: &D::Command) -> Result<Decided<D::Event>, Refusal> {
    let asked = Asked { at: DateTime::<Utc>::UNIX_EPOCH, by: &Actor::system("test"), command };
    D::decide(&fold::<D>(events), &asked)
}

pub fn contact() -> ContactDetails {
    ContactDetails { name: "Contact One".to_owned(), email: "one@customer.example".to_owned(), phone: None }
}
