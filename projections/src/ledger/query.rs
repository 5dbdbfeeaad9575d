//! One customer's account in one currency, over some days.

use chrono::NaiveDate;
use domain::{Currency, Money};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

use crate::balances;
use crate::model::BILLING;
use crate::page::Shown;

/// Which part of an account is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub customer_id: Uuid,
    pub currency: Currency,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// Where the last page ended.
    pub after: Option<Place>,
    pub limit: i64,
}

/// The place of an entry in the order of its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub booked_on: NaiveDate,
    pub position: i64,
    pub n: i16,
}

/// An account over some days. Above zero the customer owes.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Before the first day.
    pub opening: Money,
    /// At the end of the last.
    pub closing: Money,
    /// All in which there ever was an entry, by their codes.
    pub currencies: Vec<Currency>,
    /// A page of entries, in their order.
    pub entries: Vec<LedgerEntry>,
    pub next: Option<Place>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    pub place: Place,
    /// The name of an [`EntryKind`](super::EntryKind).
    pub kind: String,
    pub number: Option<String>,
    pub invoice_id: Option<Uuid>,
    pub credit_note_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub refund_id: Option<Uuid>,
    pub amount: Money,
    pub moved: Option<Money>,
    /// What is owed after it.
    pub running: Money,
}

#[derive(FromRow)]
struct Raw {
    shown: i64,
    opening: Decimal,
    closing: Decimal,
    currencies: Vec<String>,
    booked_on: Option<NaiveDate>,
    position: Option<i64>,
    n: Option<i16>,
    kind: Option<String>,
    number: Option<String>,
    invoice_id: Option<Uuid>,
    credit_note_id: Option<Uuid>,
    payment_id: Option<Uuid>,
    refund_id: Option<Uuid>,
    amount: Option<Decimal>,
    moved: Option<Decimal>,
    running: Option<Decimal>,
}

impl Raw {
    fn entry(&self, currency: Currency) -> Option<LedgerEntry> {
        let money = |amount| Money::rounded(amount, currency);
        Some(LedgerEntry {
            place: Place { booked_on: self.booked_on?, position: self.position?, n: self.n? },
            kind: self.kind.clone()?,
            number: self.number.clone(),
            invoice_id: self.invoice_id,
            credit_note_id: self.credit_note_id,
            payment_id: self.payment_id,
            refund_id: self.refund_id,
            amount: money(self.amount?),
            moved: self.moved.map(money),
            running: money(self.running?),
        })
    }
}

/// A page of an account, with the sums of its whole, in one statement. The caller has made sure that it may be seen.
///
/// # Errors
/// Any database error.
pub async fn account(pool: &PgPool, wanted: &Wanted) -> Result<Shown<Account>, sqlx::Error> {
    let raws: Vec<Raw> = sqlx::query_as(
        "with mine as materialized ( \
            select l.*, sum(l.amount) over (order by l.booked_on, l.position, l.n) as running \
            from read_ledger l join readers r on r.name = $1 and l.generation = r.generation \
            where l.customer_id = $2 and l.currency = $3 and l.booked_on < $5) \
         select r.position as shown, s.opening, s.closing, c.currencies, e.booked_on, e.position, e.n, e.kind, e.number, \
            e.invoice_id, e.credit_note_id, e.payment_id, e.refund_id, e.amount, e.moved, e.running \
         from readers r \
         cross join lateral (select coalesce(sum(amount) filter (where booked_on < $4), 0) as opening, \
            coalesce(sum(amount), 0) as closing from mine) s \
         cross join lateral (select coalesce(array_agg(distinct l.currency order by l.currency), '{}') as currencies \
            from read_ledger l where l.generation = r.generation and l.customer_id = $2) c \
         left join lateral (select * from mine where booked_on >= $4 \
            and ($6::date is null or (booked_on, position, n) > ($6, $7, $8)) \
            order by booked_on, position, n limit $9) e on true \
         where r.name = $1 order by e.booked_on, e.position, e.n",
    )
    .bind(BILLING)
    .bind(wanted.customer_id)
    .bind(wanted.currency.code())
    .bind(wanted.from)
    .bind(wanted.to)
    .bind(wanted.after.map(|after| after.booked_on))
    .bind(wanted.after.map(|after| after.position))
    .bind(wanted.after.map(|after| after.n))
    .bind(wanted.limit + 1)
    .fetch_all(pool)
    .await?;
    shown(&raws, wanted)
}

fn shown(raws: &[Raw], wanted: &Wanted) -> Result<Shown<Account>, sqlx::Error> {
    let money = |amount: Option<Decimal>| Money::rounded(amount.unwrap_or_default(), wanted.currency);
    let first = raws.first();
    let mut entries: Vec<LedgerEntry> = raws.iter().filter_map(|raw| raw.entry(wanted.currency)).collect();
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = entries.len() > limit;
    entries.truncate(limit);
    let currencies = first.map(|raw| raw.currencies.as_slice()).unwrap_or_default();
    let account = Account {
        opening: money(first.map(|raw| raw.opening)),
        closing: money(first.map(|raw| raw.closing)),
        currencies: currencies.iter().map(|code| balances::currency(code)).collect::<Result<_, _>>()?,
        next: entries.last().filter(|_| more).map(|entry| entry.place),
        entries,
    };
    Ok(Shown { position: first.map_or(0, |raw| raw.shown), content: account })
}
