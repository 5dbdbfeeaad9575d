//! Words for tests about billing: subscriptions by what happened to them, and what they are billed.

use chrono::{DateTime, NaiveDate, Utc};
use domain::billing::{
    Charge, ChargeKind, History, InvoiceLine, LineTerms, Period, ProviderCharge, ProviderLine, Route, Totals,
};
use domain::customer::{Commission, CommissionScheme};
use domain::dates::term_end;
use domain::service::{BillingCycle, Term};
use domain::subscription::{SubscriptionEvent as E, SubscriptionRenewed, SubscriptionStarted, SuspendedBy};
use domain::tax::{TaxCase, Treatment, treatment};
use domain::{Currency, Money, UnitPrice};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const RESELLER: Uuid = Uuid::from_u128(0x4e);
pub const ACKER: Uuid = Uuid::from_u128(0xac);
pub const AGENCY: Route = Route::Agency { reseller_id: RESELLER };
pub const RESALE: Route = Route::Resale { reseller_id: RESELLER };

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn period(text: &str) -> Period {
    text.parse().unwrap()
}

pub fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn money(amount: &str, currency: Currency) -> Money {
    let money = Money::rounded(number(amount), currency);
    assert_eq!(money.amount(), number(amount), "{amount} has too many digits");
    money
}

pub fn eur(amount: &str) -> Money {
    money(amount, Currency::EUR)
}

pub fn price(amount: &str) -> UnitPrice {
    UnitPrice::rounded(number(amount), Currency::EUR)
}

pub fn noon(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

/// The events of one subscription.
#[derive(Debug, Clone)]
pub struct Told {
    pub events: Vec<E>,
}

/// The prices of a seat: unit price, reseller price and cost, in this order.
pub type Seat<'a> = (&'a str, Option<&'a str>, &'a str);

pub const OFFICE: Seat<'_> = ("17.50", None, "14.00");

/// A term of a month, billed by the month, unless said otherwise.
pub fn started(on: &str, quantity: u32, seat: Seat<'_>) -> Told {
    started_for(on, quantity, seat, (Term::Month, BillingCycle::Month))
}

pub fn started_for(on: &str, quantity: u32, seat: Seat<'_>, (term, billing_cycle): (Term, BillingCycle)) -> Told {
    let started = SubscriptionStarted {
        subscription_id: Uuid::from_u128(0x5b),
        order_id: Uuid::from_u128(0x0d),
        line: 1,
        account_id: Uuid::from_u128(0xacc),
        customer_id: ACKER,
        reseller_id: seat.1.map(|_| RESELLER),
        service_id: Uuid::from_u128(0x5e),
        service_name: "Office Business".to_owned(),
        sku: "OB".to_owned(),
        provider_subscription_id: "sub-1".to_owned(),
        quantity,
        unit_price: price(seat.0),
        reseller_unit_price: seat.1.map(price),
        unit_cost: eur(seat.2),
        term,
        billing_cycle,
        starts_on: day(on),
        ends_on: term_end(day(on), term),
        cancellation_window_hours: Some(168),
        min_quantity: 1,
        max_quantity: 100_000,
        confirmed_at: noon(day(on)),
        provider_revision: 1,
        discountable: true,
        exchange_rate: None,
    };
    Told { events: vec![E::SubscriptionStarted(Box::new(started))] }
}

impl Told {
    pub fn and(mut self, event: E) -> Self {
        self.events.push(event);
        self
    }

    pub fn start(&mut self) -> &mut SubscriptionStarted {
        match &mut self.events[0] {
            E::SubscriptionStarted(started) => started,
            other => panic!("{other:?}"),
        }
    }

    pub fn fixed_price(mut self) -> Self {
        self.start().discountable = false;
        self
    }

    pub fn seats(self, on: &str, from: u32, to: u32) -> Self {
        self.and(E::QuantityChangeConfirmed {
            change_id: Uuid::nil(),
            from,
            to,
            effective_on: day(on),
            confirmed_at: noon(day(on)),
            provider_revision: 2,
        })
    }

    pub fn cancelled(self, on: &str) -> Self {
        self.and(E::CancellationConfirmed { change_id: Uuid::nil(), effective_on: day(on), provider_revision: 2 })
    }

    pub fn expired(self, on: &str) -> Self {
        self.and(E::SubscriptionExpired { effective_on: day(on), provider_revision: 2 })
    }

    pub fn extended(self, on: &str, from: &str, to: &str) -> Self {
        self.and(E::ExtensionConfirmed {
            change_id: Uuid::nil(),
            from: day(from),
            to: day(to),
            effective_on: day(on),
            provider_revision: 2,
        })
    }

    pub fn suspended(self, on: &str) -> Self {
        self.and(E::SuspensionConfirmed {
            change_id: Uuid::nil(),
            by: SuspendedBy::Customer,
            effective_on: day(on),
            provider_revision: 2,
        })
    }

    /// For a month.
    pub fn renewed(self, on: &str, quantity: u32, seat: Seat<'_>) -> Self {
        self.and(E::SubscriptionRenewed(Box::new(SubscriptionRenewed {
            quantity,
            unit_price: price(seat.0),
            reseller_unit_price: seat.1.map(price),
            reseller_id: None,
            unit_cost: eur(seat.2),
            term: Term::Month,
            billing_cycle: BillingCycle::Month,
            cancellation_window_hours: Some(168),
            min_quantity: 1,
            max_quantity: 100_000,
            starts_on: day(on),
            ends_on: term_end(day(on), Term::Month),
            provider_revision: 3,
            discountable: true,
            exchange_rate: None,
        })))
    }

    pub fn history(&self) -> History {
        History::of(&self.events).unwrap()
    }

    pub fn charges_in(&self, month: &str) -> Vec<Charge> {
        self.history().charges_in(period(month))
    }

    /// As `kind from to seats factor`.
    pub fn shown_in(&self, month: &str) -> Vec<String> {
        self.charges_in(month).iter().map(shown).collect()
    }

    pub fn lines_in(&self, month: &str, terms: &LineTerms<'_>) -> Vec<InvoiceLine> {
        let subject = self.history().subject;
        let line = |(n, charge): (u32, &Charge)| InvoiceLine::new(n, &subject, charge, terms).unwrap();
        (1..).zip(&self.charges_in(month)).map(line).collect()
    }
}

pub fn shown(charge: &Charge) -> String {
    let Charge { key, to, quantity, factor, .. } = charge;
    format!("{} {} {to} {quantity} {factor}", key.kind.name(), key.from)
}

/// Without discount or commission.
pub const fn plain(route: Route) -> LineTerms<'static> {
    LineTerms { route, discount_percent: Decimal::ZERO, commission: None, end_customer: None }
}

pub fn difference() -> Commission {
    Commission { scheme: CommissionScheme::Difference, percent: None }
}

pub fn percent(percent: &str) -> Commission {
    Commission { scheme: CommissionScheme::Percent, percent: Some(number(percent)) }
}

/// A German seller's customer in a country, at the end of October 2026.
pub fn taxed(country: &str, vat_id: Option<&str>) -> Treatment {
    let case = TaxCase { seller_country: "DE", customer_country: country, vat_id, exempt_reason: None };
    treatment(&case, period("2026-10").last_day())
}

pub fn german() -> Treatment {
    taxed("DE", Some("DE123456789"))
}

/// Net, tax and total in euro.
pub fn sums(lines: &[InvoiceLine], treatment: &Treatment) -> [String; 3] {
    let totals = Totals::of(Currency::EUR, lines, treatment).unwrap();
    [totals.net, totals.tax().unwrap(), totals.total].map(|money| money.amount().to_string())
}

pub fn amounts(lines: &[InvoiceLine]) -> Vec<String> {
    lines.iter().map(|line| line.amount.amount().to_string()).collect()
}

/// The provider's line for a charge of ours, as it should be.
pub fn billed(charge: &Charge) -> ProviderLine {
    ProviderLine {
        line_id: format!("bill-{}-{}-{}", charge.key.kind.name(), charge.key.from, charge.key.n),
        provider_subscription_id: "sub-1".to_owned(),
        charge: theirs(charge.key.kind),
        quantity: charge.quantity,
        from: charge.key.from,
        to: charge.to,
        amount: charge.cost().unwrap(),
    }
}

pub fn theirs(kind: ChargeKind) -> ProviderCharge {
    use ProviderCharge as P;
    let all = [P::New, P::Cycle, P::Renew, P::Add, P::Remove, P::Cancel, P::Credit];
    all.into_iter().find(|charge| charge.kind() == kind).unwrap()
}
