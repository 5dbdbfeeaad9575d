//! Writes down the days that have ended since the last one written down.

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::CalendarRules;
use sqlx::PgPool;

use super::EndDay;
use crate::seller::SellerEntity;
use crate::{Bus, Context, Failure, Key, Rejection, Trace, bus};

/// Every seller entity's days up to yesterday, in order, none skipped however long nobody looked. Any number of callers
/// at once write each day once. The first day of all is that of the log's first event.
///
/// # Errors
/// [`Rejection`]; what is written stays written, and the next call goes on from there.
pub async fn end_days(bus: &Bus) -> Result<(), Rejection> {
    let now = bus.now();
    let began = began_at(bus.pool()).await.map_err(|error| bus::rejection(Failure::from(error)))?;
    let Some(began) = began else { return Ok(()) };
    for entity in bus.seller().entities() {
        end_days_of(bus, entity, entity.day_at(began), entity.day_at(now)).await?;
    }
    Ok(())
}

async fn end_days_of(bus: &Bus, entity: &SellerEntity, first: NaiveDate, today: NaiveDate) -> Result<(), Rejection> {
    loop {
        let calendar = bus.state::<CalendarRules>(&entity.id).await;
        let calendar = calendar.map_err(|error| bus::rejection(Failure::from(error)))?;
        let day = calendar.state.next_day(first);
        if day >= today {
            return Ok(());
        }
        bus.execute(&context(entity, day), &EndDay { entity: entity.id.clone(), day }).await?;
    }
}

/// The fact's time is when the day ended, whoever writes it down and whenever: what follows from it depends on no clock.
fn context(entity: &SellerEntity, day: NaiveDate) -> Context {
    let name = format!("day/{}/{day}", entity.id);
    let trace = Trace { correlation_id: name.clone(), causation_id: name.clone(), traceparent: None };
    Context::system("calendar", entity.end_of(day), Key::system(name), trace)
}

async fn began_at(pool: &PgPool) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar("select (metadata->>'at')::timestamptz from events where position = 1")
        .fetch_optional(pool)
        .await
}
