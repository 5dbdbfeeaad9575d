//! Customers in each of their states.

use chrono::{DateTime, Utc};
use domain::customer::{
    Change, ChangeDetails, CustomerCommand, CustomerEvent, CustomerKind, CustomerRules, CustomerSuspendedBy,
    RegisterCustomer, Terms,
};
use domain::{Currency, ids};

use super::machine::{Machine, Question, Situation};
use super::people::{CUSTOMER, RESELLER, contact, decide};

pub fn machine() -> Machine<CustomerRules> {
    let status = |state: &domain::customer::CustomerState| state.known().map(|customer| customer.status.name());
    Machine { title: "Customer", status, situations: situations(), questions: questions() }
}

fn registration() -> RegisterCustomer {
    RegisterCustomer {
        customer_id: CUSTOMER,
        name: "Acker".to_owned(),
        kind: CustomerKind::Direct,
        reseller: Some(RESELLER),
        seller_entity: "main".to_owned(),
        country: "DE".to_owned(),
        legal_name: None,
        vat_id: None,
        electronic_address: None,
        buyer_reference: None,
        contact: contact(),
        address: None,
        terms: Terms::standard(Currency::EUR),
    }
}

fn situations() -> Vec<Situation<CustomerRules>> {
    let registered = decide::<CustomerRules>(&[], &CustomerCommand::Register(registration())).unwrap().events;
    let then = |event: CustomerEvent| registered.iter().cloned().chain([event]).collect::<Vec<_>>();
    let histories = [
        ("(none)", Vec::new()),
        ("active", registered.clone()),
        ("suspended by an operator", then(CustomerEvent::CustomerSuspended { by: CustomerSuspendedBy::Operator })),
        ("suspended by dunning", then(CustomerEvent::CustomerSuspended { by: CustomerSuspendedBy::Dunning })),
        ("closed", then(CustomerEvent::CustomerClosed {})),
    ];
    let at = DateTime::<Utc>::UNIX_EPOCH;
    histories.into_iter().map(|(name, history)| Situation { name, history, at }).collect()
}

fn renamed() -> CustomerCommand {
    CustomerCommand::ChangeDetails(ChangeDetails {
        name: "Other".to_owned(),
        seller_entity: "main".to_owned(),
        country: "DE".to_owned(),
        legal_name: None,
        vat_id: None,
        electronic_address: None,
        buyer_reference: None,
        contact: None,
        address: Change::Keep,
    })
}

fn questions() -> Vec<Question<CustomerRules>> {
    use CustomerSuspendedBy::{Dunning, Operator};
    let terms = |payment_days| Terms { payment_days, ..Terms::standard(Currency::EUR) };
    let set = move |payment_days| CustomerCommand::SetTerms { terms: terms(payment_days) };
    let close = |has_open_accounts, has_balance| CustomerCommand::Close { has_open_accounts, has_balance };
    let erase = || CustomerCommand::ErasePersonalData { subjects: vec![ids::subject(CUSTOMER, "contact")] };
    vec![
        Question::new("Register", |_| CustomerCommand::Register(registration())),
        Question::new("SetTerms", move |_| set(7)),
        Question::new("SetTerms, to what they are", |_| CustomerCommand::SetTerms {
            terms: Terms::standard(Currency::EUR),
        }),
        Question::new("ChangeDetails", |_| renamed()),
        Question::new("Move", |_| CustomerCommand::Move { reseller: None }),
        Question::new("Move, to its reseller", |_| CustomerCommand::Move { reseller: Some(RESELLER) }),
        Question::new("Suspend, by an operator", |_| CustomerCommand::Suspend { by: Operator }),
        Question::new("Suspend, by dunning", |_| CustomerCommand::Suspend { by: Dunning }),
        Question::new("Reinstate, by an operator", |_| CustomerCommand::Reinstate { by: Operator }),
        Question::new("Reinstate, by dunning", |_| CustomerCommand::Reinstate { by: Dunning }),
        Question::new("Close", move |_| close(false, false)),
        Question::new("Close, with open accounts", move |_| close(true, false)),
        Question::new("Close, with a balance", move |_| close(false, true)),
        Question::new("ErasePersonalData", move |_| erase()),
        Question::new("ErasePersonalData, nothing left", |_| CustomerCommand::ErasePersonalData {
            subjects: Vec::new(),
        }),
    ]
}
