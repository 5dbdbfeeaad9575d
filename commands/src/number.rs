//! Document numbers, allotted in the append of the document that bears them.

use chrono::{Datelike, NaiveDate};
use domain::Refusal;
use domain::number_series::{NumberSeriesCommand, NumberSeriesRules, Numbered, Series};
use uuid::Uuid;

use crate::seller::SellerEntity;
use crate::{Failure, Work};

/// The next number of its series is the document's. To be asked once per document, and only when it will be written.
///
/// # Errors
/// [`Failure::Log`]; [`Failure::Refused`] when the series has run out of numbers.
pub async fn allot_in(
    work: &mut Work<'_>,
    kind: Numbered,
    entity: &SellerEntity,
    on: NaiveDate,
    document_id: Uuid,
) -> Result<String, Failure> {
    let series = series(kind, entity, on);
    let number = next(work, &series).await?;
    let id = series.id();
    work.decide::<NumberSeriesRules>(id, &NumberSeriesCommand::Allot { series, document_id }, None).await?;
    Ok(number)
}

/// The number that [`allot_in`] is going to give, where the document has to be decided first.
///
/// # Errors
/// As [`allot_in`].
pub(crate) async fn upcoming(
    work: &mut Work<'_>,
    kind: Numbered,
    entity: &SellerEntity,
    on: NaiveDate,
) -> Result<String, Failure> {
    next(work, &series(kind, entity, on)).await
}

async fn next(work: &mut Work<'_>, series: &Series) -> Result<String, Failure> {
    let last = work.read::<NumberSeriesRules>(series.id()).await?.state.last;
    Ok(series.number(last.checked_add(1).ok_or(Refusal::AmountOverflow)?))
}

fn series(kind: Numbered, entity: &SellerEntity, on: NaiveDate) -> Series {
    Series { kind, seller_entity: entity.id.clone(), prefix: entity.number_prefix.clone(), year: on.year() }
}
