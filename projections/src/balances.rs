//! Balances: what customers have to their credit, and beside it what is left to pay of their invoices.

use domain::balance::{BalanceRules, BalanceState};
use domain::decider::Fact;
use domain::{AggregateType, Currency, Decider, Event, Money, money};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::noun::{Noun, born};
use crate::page::Shown;

#[derive(Debug)]
pub struct Balances;

impl Noun for Balances {
    const TYPE: AggregateType = AggregateType::Balance;
    const TABLE: &'static str = "read_balances";
    const MODEL: &'static str = BILLING;
    const OWNED: &'static str = "t.customer_id = $3";
    const FOLLOWS_MOVES: bool = false;
    type State = BalanceState;

    fn evolve(state: &mut BalanceState, event: &Event) {
        if let Some(event) = Fact::of(event) {
            BalanceRules::evolve(state, event);
        }
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<BalanceState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        Box::pin(write(tx, generation, rows))
    }
}

/// Whose it is, and how much.
fn known(state: &BalanceState) -> Option<(Uuid, Money)> {
    match state {
        BalanceState::Unknown => None,
        BalanceState::Known { customer_id, amount } => Some((*customer_id, *amount)),
    }
}

async fn write(
    tx: &mut PgConnection,
    generation: i32,
    rows: &[(Uuid, &Versioned<BalanceState>)],
) -> Result<(), sqlx::Error> {
    let known: Vec<_> = rows.iter().filter_map(|(id, row)| Some((*id, *row, known(&row.state)?))).collect();
    sqlx::query(
        "insert into read_balances (generation, id, born, customer_id, currency, amount, doc) \
         select $1, * from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::numeric[], $7::jsonb[]) \
         on conflict (generation, id) do update set amount = excluded.amount, doc = excluded.doc",
    )
    .bind(generation)
    .bind(known.iter().map(|(id, ..)| *id).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| born(row)).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., (customer, _))| *customer).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., (_, amount))| amount.currency().code()).collect::<Vec<_>>())
    .bind(known.iter().map(|(.., (_, amount))| amount.amount()).collect::<Vec<_>>())
    .bind(known.iter().map(|(_, row, _)| Json(*row)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// How a customer stands in one currency. None is below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub currency: Currency,
    /// To its credit.
    pub balance: Money,
    /// What is left to pay of its issued invoices.
    pub open: Money,
    /// How much of that is overdue.
    pub overdue: Money,
}

impl Standing {
    /// Nothing either way.
    pub fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self { currency, balance: zero, open: zero, overdue: zero }
    }
}

#[derive(FromRow)]
struct Raw {
    position: i64,
    currency: Option<String>,
    balance: Option<Decimal>,
    open: Option<Decimal>,
    overdue: Option<Decimal>,
}

impl Raw {
    fn standing(self) -> Result<Option<Standing>, sqlx::Error> {
        let (Some(code), Some(balance), Some(open), Some(overdue)) =
            (self.currency, self.balance, self.open, self.overdue)
        else {
            return Ok(None);
        };
        let currency = currency(&code)?;
        let money = |amount| Money::rounded(amount, currency);
        Ok(Some(Standing { currency, balance: money(balance), open: money(open), overdue: money(overdue) }))
    }
}

/// A currency as it was written.
pub(crate) fn currency(code: &str) -> Result<Currency, sqlx::Error> {
    money::parse_currency(code).ok_or_else(|| sqlx::Error::Decode(format!("{code} is no currency").into()))
}

/// How a customer stands in every currency it ever had to do with, by their codes. The caller has made sure that it may
/// be seen.
///
/// # Errors
/// Any database error.
pub async fn standings(pool: &PgPool, customer: Uuid) -> Result<Shown<Vec<Standing>>, sqlx::Error> {
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position, s.* from readers r left join lateral ( \
            select currency, sum(balance) as balance, sum(open) as open, sum(overdue) as overdue from ( \
               select currency, amount as balance, 0 as open, 0 as overdue from read_balances b \
               where b.generation = r.generation and b.customer_id = $2 \
               union all select currency, 0, open, case when overdue then open else 0 end from read_receivables i \
               where i.generation = r.generation and i.customer_id = $2 and i.open <> 0) t \
            group by currency) s on true \
         where r.name = $1 order by s.currency",
    )
    .bind(BILLING)
    .bind(customer)
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.position);
    let standings = raws.into_iter().filter_map(|raw| raw.standing().transpose()).collect::<Result<_, _>>()?;
    Ok(Shown { position, content: standings })
}
