//! Whatever is asked of an invoice, in any order: what is left to pay is what nobody paid, and no more is credited than
//! was charged.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod invoicing;
mod people;

use domain::billing::credit::{Credit, CreditRefused, Creditable, Wanted};
use domain::billing::{Totals, from_minor_units, minor_units, negated};
use domain::document::DocumentFormat;
use domain::invoice::{
    AppliedCredit, CreditedLine, Invoice, InvoiceCommand as C, InvoiceContents, InvoiceEvent, InvoiceRules,
    InvoiceStatus as Status,
};
use domain::{Currency, Money};
use invoicing::*;
use people::decide;
use proptest::prelude::*;
use uuid::Uuid;

/// One thing that happens; amounts in cents.
#[derive(Debug, Clone)]
enum Step {
    Draft,
    Issue,
    Discard,
    Balance(i64),
    /// As a credit note does: the customer says how much, the rules of credits say which lines and taxes, and `applied`
    /// thousandths of what could be applied are.
    CreditGross(i64, u16),
    CreditLine(u32, i64),
    /// What nobody reckoned: lines, tax and total as they come.
    CreditRaw([i64; 4]),
    Pay(i64, i64),
    Overdue,
    Store,
    Void,
    WriteOff,
    /// The last one once more.
    Again,
}

fn any_step() -> impl Strategy<Value = Step> {
    let cents = || prop_oneof![3 => -10i64..30_000, 1 => Just(0), 1 => 0..200i64];
    prop_oneof![
        1 => Just(Step::Draft),
        4 => Just(Step::Issue),
        1 => Just(Step::Discard),
        3 => cents().prop_map(Step::Balance),
        4 => (cents(), 0u16..=1_100).prop_map(|(gross, applied)| Step::CreditGross(gross, applied)),
        3 => (0u32..4, cents()).prop_map(|(line, net)| Step::CreditLine(line, net)),
        2 => [cents(), cents(), cents(), cents()].prop_map(Step::CreditRaw),
        5 => (cents(), cents()).prop_map(|(amount, applied)| Step::Pay(amount, applied)),
        1 => Just(Step::Overdue),
        1 => Just(Step::Store),
        1 => Just(Step::Void),
        1 => Just(Step::WriteOff),
        2 => Just(Step::Again),
    ]
}

fn cents(units: i64) -> Money {
    from_minor_units(units.into(), Currency::EUR).unwrap()
}

fn units(money: Money) -> i128 {
    minor_units(money).unwrap()
}

struct World {
    contents: InvoiceContents,
    history: Vec<InvoiceEvent>,
    last: Option<C>,
    /// What tells payments and notes apart.
    n: u128,
}

impl World {
    fn invoice(&self) -> Option<Invoice> {
        (!self.history.is_empty()).then(|| invoice(&self.history))
    }

    fn command(&mut self, step: &Step) -> Option<C> {
        self.n += 1;
        let id = Uuid::from_u128(self.n);
        Some(match step {
            Step::Draft => draft(self.contents.clone()),
            Step::Issue => issue(self.contents.clone()),
            Step::Discard => C::Discard,
            Step::Balance(amount) => C::ApplyBalance { amount: cents(*amount) },
            Step::CreditGross(gross, applied) => {
                let (invoice, wanted) = (self.invoice()?, Wanted::Gross(cents(*gross)));
                let credit = reckoned(&invoice, &wanted).ok()?;
                let share = units(credit.total).min(units(invoice.balance)) * i128::from(*applied) / 1_000;
                apply(noted(id, credit, from_minor_units(share, Currency::EUR).unwrap()))
            }
            Step::CreditLine(line, net) => {
                let (invoice, wanted) = (self.invoice()?, Wanted::Lines(vec![(*line, cents(*net))]));
                let credit = reckoned(&invoice, &wanted).ok()?;
                let applied = units(credit.total).min(units(invoice.balance));
                apply(noted(id, credit, from_minor_units(applied, Currency::EUR).unwrap()))
            }
            Step::CreditRaw([net, tax, total, applied]) => apply(AppliedCredit {
                credit_note_id: id,
                lines: vec![CreditedLine { line: 1, net: cents(*net) }],
                taxes: vec![taxed(cents(*net), cents(*tax))],
                total: cents(*total),
                applied: cents(*applied),
            }),
            Step::Pay(amount, applied) => {
                paid_with(id, &cents(*amount).amount().to_string(), &cents(*applied).amount().to_string())
            }
            Step::Overdue => C::NoteOverdue { today: day("2026-12-02") },
            Step::Store => C::StoreDocument(stored(DocumentFormat::Pdf)),
            Step::Void => C::Void,
            Step::WriteOff => C::WriteOff,
            Step::Again => self.last.clone()?,
        })
    }

    fn happen(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let Some(command) = self.command(step) else { return Ok(()) };
        let before = self.invoice().map(|invoice| invoice.status);
        if let Ok(decided) = decide::<InvoiceRules>(&self.history, &command) {
            self.history.extend(decided.events);
            self.holds(before)?;
            let once_more = decide::<InvoiceRules>(&self.history, &command).map(|again| again.events.len());
            let counts_again = matches!(command, C::ApplyBalance { .. });
            prop_assert!(counts_again || once_more == Ok(0), "{command:?} is done, and then gives {once_more:?}");
            self.last = Some(command);
        }
        Ok(())
    }

    /// What is true of every invoice.
    fn holds(&self, before: Option<Status>) -> Result<(), TestCaseError> {
        let Some(invoice) = self.invoice() else { return Ok(()) };
        let total = units(invoice.contents.totals.total);
        let paid: i128 = invoice.payments.iter().map(|payment| units(payment.applied)).sum();
        let credited: i128 = invoice.credits.iter().map(|credit| units(credit.applied)).sum();
        prop_assert_eq!(units(invoice.balance), total - units(invoice.applied_credit) - paid - credited);
        prop_assert!(units(invoice.balance) >= 0);
        let open = matches!(invoice.status, Status::Issued | Status::Uncollectible);
        prop_assert!(!open || units(invoice.balance) > 0, "nothing is left, so it is paid");
        prop_assert!(invoice.status != Status::Paid || units(invoice.balance) == 0);
        // Money may still come in for it, and pays nothing.
        prop_assert!(!invoice.is_withdrawn() || (paid == 0 && invoice.credits.is_empty()));
        prop_assert!(before.is_none_or(|before| leads_to(before, invoice.status)), "{before:?} {:?}", invoice.status);
        credits_fit(&invoice)
    }
}

fn reckoned(invoice: &Invoice, wanted: &Wanted) -> Result<Credit, CreditRefused> {
    let lines = invoice.lines_left()?;
    let tax_left = invoice.tax_left()?;
    Creditable { lines: &lines, tax_left, treatment: &invoice.contents.treatment }.credit(wanted)
}

fn noted(credit_note_id: Uuid, credit: Credit, applied: Money) -> AppliedCredit {
    let lines = credit.lines.into_iter().map(|(line, net)| CreditedLine { line, net }).collect();
    AppliedCredit { credit_note_id, lines, taxes: credit.taxes, total: credit.total, applied }
}

/// The arrows of the specification, and staying.
fn leads_to(before: Status, after: Status) -> bool {
    use Status as S;
    match before {
        S::Draft => matches!(after, S::Draft | S::Issued | S::Paid | S::Discarded),
        S::Issued => matches!(after, S::Issued | S::Paid | S::Void | S::Uncollectible),
        S::Uncollectible => matches!(after, S::Uncollectible | S::Paid),
        S::Discarded | S::Paid | S::Void => before == after,
    }
}

/// Between nothing and all of it, on each line and of the tax.
fn credits_fit(invoice: &Invoice) -> Result<(), TestCaseError> {
    for (line, left) in invoice.contents.lines.iter().zip(invoice.lines_left().unwrap()) {
        let (net, left) = (units(line.amount), units(left.left));
        prop_assert!(left.abs() <= net.abs() && left * net >= 0, "{} of {} is left of line {}", left, net, line.line);
    }
    let (tax, left) = (units(invoice.contents.totals.tax().unwrap()), units(invoice.tax_left().unwrap()));
    prop_assert!(0 <= left && left <= tax);
    Ok(())
}

/// October's lines, some of them credits, with a total that is not below zero.
fn any_contents() -> impl Strategy<Value = InvoiceContents> {
    prop::collection::vec(-8_000i64..20_000, 0..4).prop_map(|nets| {
        let net = |n: i64| cents(n);
        let lines: Vec<_> = (1..).zip(nets).map(|(n, cents)| line(n, net(cents))).collect();
        let totals = Totals::of(Currency::EUR, &lines, &german()).unwrap();
        let turn = units(totals.total) < 0;
        let turned = |mut line: domain::billing::InvoiceLine| {
            line.amount = negated(line.amount).unwrap();
            line
        };
        contents_of(if turn { lines.into_iter().map(turned).collect() } else { lines })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_left_to_pay_is_what_nobody_paid(
        contents in any_contents(),
        steps in prop::collection::vec(any_step(), 1..30),
    ) {
        let mut world = World { contents, history: Vec::new(), last: None, n: 0 };
        for step in &steps {
            world.happen(step)?;
        }
    }
}
