//! Exchange rates one by one: one row per pair and day.

use chrono::NaiveDate;
use domain::Event;
use domain::exchange_rates::ExchangeRatesEvent;
use event_log::ApplyError;
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection, PgPool};

use crate::model::DIRECTORY;
use crate::noun::Mine;
use crate::page::{Page, Shown};

/// One unit of `base` is worth `rate` units of `quote` from that day on.
#[derive(Debug, Clone, PartialEq)]
pub struct RateRow {
    pub base: String,
    pub quote: String,
    pub rate: Decimal,
    pub effective_from: NaiveDate,
    pub born: i64,
    /// Of the pair.
    pub version: i64,
}

#[derive(FromRow)]
struct Raw {
    position: i64,
    base: Option<String>,
    quote: Option<String>,
    rate: Option<Decimal>,
    effective_from: Option<NaiveDate>,
    born: Option<i64>,
    version: Option<i64>,
}

impl Raw {
    fn row(self) -> Option<RateRow> {
        Some(RateRow {
            base: self.base?,
            quote: self.quote?,
            rate: self.rate?,
            effective_from: self.effective_from?,
            born: self.born?,
            version: self.version?,
        })
    }
}

pub(super) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), ApplyError> {
    for mine in events {
        let Event::ExchangeRates(ExchangeRatesEvent::ExchangeRateSet { base, quote, rate, effective_from }) =
            mine.event
        else {
            continue;
        };
        sqlx::query(
            "insert into read_exchange_rate_items (generation, pair_id, effective_from, born, base, quote, rate) \
             values ($1, $2, $3, $4, $5, $6, $7) \
             on conflict (generation, pair_id, effective_from) do update set rate = excluded.rate",
        )
        .bind(generation)
        .bind(mine.id)
        .bind(effective_from)
        .bind(mine.recorded.position)
        .bind(base.code())
        .bind(quote.code())
        .bind(rate)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// A page of rates, newest first; `base` and `quote` filter when given.
///
/// # Errors
/// Any database error.
pub async fn list(
    pool: &PgPool,
    (base, quote): (Option<&str>, Option<&str>),
    before: Option<i64>,
    limit: i64,
) -> Result<Shown<Page<RateRow>>, sqlx::Error> {
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position, t.* from readers r left join lateral ( \
            select t.base, t.quote, t.rate, t.effective_from, t.born, (p.doc->>'version')::bigint as version \
            from read_exchange_rate_items t join read_exchange_rates p on p.generation = t.generation and p.id = t.pair_id \
            where t.generation = r.generation and ($2::text is null or t.base = $2) \
            and ($3::text is null or t.quote = $3) and ($4::bigint is null or t.born < $4) \
            order by t.born desc limit $5) t on true \
         where r.name = $1 order by t.born desc",
    )
    .bind(DIRECTORY)
    .bind(base)
    .bind(quote)
    .bind(before)
    .bind(limit + 1)
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.position);
    let rows = raws.into_iter().filter_map(Raw::row).collect();
    Ok(Shown { position, content: Page::cut(rows, limit, |row: &RateRow| row.born) })
}
