#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::DateTime;
use domain::balance::{BalanceCommand, BalanceRules, BalanceSource, BalanceState};
use domain::billing::allocate::apply;
use domain::billing::credit::{Creditable, Wanted};
use domain::billing::{from_minor_units, sum};
use domain::invoice::{CreditedLine, Invoice, InvoiceCommand, InvoiceRules, InvoiceState, InvoiceStatus};
use domain::{Actor, Asked, Currency, Decider};
use proptest::prelude::*;

use super::*;

const INVOICE: &str = include_str!("../../../domain/tests/golden/invoice/InvoiceIssued.1.0.json");
const CREDIT_NOTE: &str = include_str!("../../../domain/tests/golden/credit_note/CreditNoteIssued.1.0.json");

fn eur(cents: u32) -> Money {
    from_minor_units(i128::from(cents), Currency::EUR).unwrap()
}

fn day() -> NaiveDate {
    "2026-11-10".parse().unwrap()
}

/// One customer: some invoices, its balance, and what a statement makes of their events.
#[derive(Default)]
struct World {
    invoices: HashMap<Uuid, InvoiceState>,
    balance: BalanceState,
    receivables: HashMap<Uuid, Receivable>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Issue,
    Credit(u32),
    Pay(u32),
    ApplyBalance,
    Refund(u32, bool),
    Overdue,
    Void,
    WriteOff,
}

fn steps() -> impl Strategy<Value = Vec<(u8, Step)>> {
    let cents = 1u32..30_000;
    let step = prop_oneof![
        2 => Just(Step::Issue),
        4 => cents.clone().prop_map(Step::Credit),
        4 => cents.clone().prop_map(Step::Pay),
        2 => (cents, any::<bool>()).prop_map(|(cents, arrives)| Step::Refund(cents, arrives)),
        2 => Just(Step::ApplyBalance),
        1 => Just(Step::Overdue),
        1 => Just(Step::Void),
        1 => Just(Step::WriteOff),
    ];
    prop::collection::vec((0u8..3, step), 1..40)
}

impl World {
    /// What the rules refuse does not happen.
    fn decide(&mut self, id: Uuid, command: &InvoiceCommand) -> bool {
        let by = Actor::system("test");
        let state = self.invoices.entry(id).or_default();
        let Ok(decided) = InvoiceRules::decide(state, &Asked { at: DateTime::UNIX_EPOCH, by: &by, command }) else {
            return false;
        };
        for event in &decided.events {
            InvoiceRules::evolve(state, event);
            self.entries.extend(of_invoice(&mut self.receivables, id, event, day()).unwrap());
        }
        !decided.events.is_empty()
    }

    fn move_balance(&mut self, command: &BalanceCommand) {
        let by = Actor::system("test");
        let decided =
            BalanceRules::decide(&self.balance, &Asked { at: DateTime::UNIX_EPOCH, by: &by, command }).unwrap();
        for event in &decided.events {
            BalanceRules::evolve(&mut self.balance, event);
            self.entries.extend(of_balance(event, day()).unwrap());
        }
    }

    fn credit_balance(&mut self, amount: Money, source: BalanceSource) {
        self.move_balance(&BalanceCommand::Credit { customer_id: Uuid::nil(), amount, source });
    }

    fn available(&self) -> Money {
        self.balance.amount().unwrap_or(eur(0))
    }

    fn take(&mut self, id: Uuid, step: Step) {
        let invoice = self.invoices.get(&id).and_then(InvoiceState::known).cloned();
        match (step, invoice) {
            (Step::Issue, None) => {
                let InvoiceEvent::InvoiceIssued(mut issued) = serde_json::from_str(INVOICE).unwrap() else { panic!() };
                issued.contents.invoice_id = id;
                self.decide(id, &InvoiceCommand::Issue(issued));
            }
            (Step::Credit(cents), Some(invoice)) => self.credit(&invoice, eur(cents)),
            (Step::Pay(cents), Some(invoice)) => self.pay(&invoice, eur(cents)),
            (Step::Refund(cents, arrives), Some(_)) => self.refund(eur(cents), arrives),
            (Step::ApplyBalance, Some(invoice)) => {
                let amount = apply(self.available(), invoice.balance).unwrap().applied;
                if self.decide(id, &InvoiceCommand::ApplyBalance { amount }) {
                    let (customer_id, source) = (Uuid::nil(), BalanceSource::Invoice(id));
                    self.move_balance(&BalanceCommand::Debit { customer_id, amount, source });
                }
            }
            (Step::Overdue, Some(_)) => {
                self.decide(id, &InvoiceCommand::NoteOverdue { today: "2027-01-01".parse().unwrap() });
            }
            (Step::Void, Some(invoice)) => {
                if self.decide(id, &InvoiceCommand::Void) {
                    self.credit_balance(invoice.applied_credit, BalanceSource::Invoice(id));
                }
            }
            (Step::WriteOff, Some(_)) => {
                self.decide(id, &InvoiceCommand::WriteOff);
            }
            (Step::Issue, Some(_)) | (_, None) => {}
        }
    }

    fn credit(&mut self, invoice: &Invoice, gross: Money) {
        let (lines, tax_left) = (invoice.lines_left().unwrap(), invoice.tax_left().unwrap());
        let creditable = Creditable { lines: &lines, tax_left, treatment: &invoice.contents.treatment };
        let Ok(credit) = creditable.credit(&Wanted::Gross(gross)) else { return };
        let parts = apply(credit.total, invoice.balance).unwrap();
        let applied = AppliedCredit {
            credit_note_id: Uuid::from_u128(self.entries.len() as u128),
            lines: credit.lines.iter().map(|(line, net)| CreditedLine { line: *line, net: *net }).collect(),
            taxes: credit.taxes,
            total: credit.total,
            applied: parts.applied,
        };
        if !self.decide(invoice.id(), &InvoiceCommand::ApplyCredit(Box::new(applied))) {
            return;
        }
        let CreditNoteEvent::CreditNoteIssued(mut note) = serde_json::from_str(CREDIT_NOTE).unwrap() else { panic!() };
        note.total = credit.total;
        self.entries.extend(of_credit_note(&CreditNoteEvent::CreditNoteIssued(note)).unwrap());
        self.credit_balance(parts.rest, BalanceSource::CreditNote(Uuid::nil()));
    }

    /// What is to the customer's credit goes back; it may not arrive.
    fn refund(&mut self, amount: Money, arrives: bool) {
        let (payment_id, refund_id) = (Uuid::nil(), Uuid::from_u128(self.entries.len() as u128));
        let amount = apply(amount, self.available()).unwrap().applied;
        if amount.amount().is_zero() {
            return;
        }
        let (customer_id, source) = (Uuid::nil(), BalanceSource::Refund(refund_id));
        self.move_balance(&BalanceCommand::Debit { customer_id, amount, source });
        let started = PaymentEvent::RefundStarted { refund_id, amount, cause: RefundCause::Balance };
        self.entries.extend(of_payment(payment_id, &started, customer_id, day()));
        if !arrives {
            let failed = PaymentEvent::RefundFailed { refund_id };
            self.entries.extend(of_payment(payment_id, &failed, customer_id, day()));
            self.credit_balance(amount, source);
        }
    }

    fn pay(&mut self, invoice: &Invoice, amount: Money) {
        let withdrawn = invoice.status == InvoiceStatus::Void;
        let parts = apply(amount, if withdrawn { eur(0) } else { invoice.balance }).unwrap();
        let payment_id = Uuid::from_u128(self.entries.len() as u128);
        let payment = BookedPayment { payment_id, amount, applied: parts.applied, received_on: day() };
        if self.decide(invoice.id(), &InvoiceCommand::BookPayment(Box::new(payment))) {
            self.credit_balance(parts.rest, BalanceSource::Payment(payment_id));
        }
    }

    /// Left to pay of what is issued and neither withdrawn nor given up.
    fn open(&self) -> Money {
        let issued = self.invoices.values().filter_map(InvoiceState::known);
        let open = issued.filter(|invoice| invoice.status == InvoiceStatus::Issued).map(|invoice| invoice.balance);
        sum(Currency::EUR, open).unwrap()
    }

    fn check(&self) {
        let entries = sum(Currency::EUR, self.entries.iter().map(|entry| entry.amount)).unwrap();
        assert_eq!(entries, minus(self.open(), self.available()).unwrap(), "a statement tells what is owed");
        let receivables = sum(Currency::EUR, self.receivables.values().map(|receivable| receivable.open)).unwrap();
        assert_eq!(receivables, self.open(), "what is left of the invoices");
    }
}

proptest! {
    #[test]
    fn entries_add_up_to_what_is_left_of_invoices_less_the_balance(steps in steps()) {
        let mut world = World::default();
        for (invoice, step) in steps {
            world.take(Uuid::from_u128(u128::from(invoice)), step);
            world.check();
        }
    }
}

#[test]
fn what_was_given_up_and_paid_after_all_is_owed_again_for_that_moment() {
    let mut world = World::default();
    let id = Uuid::from_u128(1);
    for step in [Step::Issue, Step::Credit(5_000), Step::WriteOff, Step::Pay(20_000)] {
        world.take(id, step);
        world.check();
    }
    let told: Vec<_> = world.entries.iter().map(|entry| (entry.kind.name(), entry.amount.to_string())).collect();
    let expected = [
        ("invoice", "202.76 EUR"),
        ("credit_note", "-50.00 EUR"),
        ("uncollectible", "-152.76 EUR"),
        ("recovered", "152.76 EUR"),
        ("payment", "-152.76 EUR"),
        ("overpayment", "-47.24 EUR"),
    ];
    assert_eq!(told, expected.map(|(kind, amount)| (kind, amount.to_owned())));
    assert_eq!(world.available(), eur(4_724));
}
