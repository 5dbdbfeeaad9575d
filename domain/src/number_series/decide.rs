//! Which number comes next.

use super::{NumberSeriesCommand, NumberSeriesEvent, NumberSeriesState};
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &NumberSeriesState,
    asked: &Asked<'_, NumberSeriesCommand>,
) -> Result<Decided<NumberSeriesEvent>, Refusal> {
    let NumberSeriesCommand::Allot { series, document_id } = asked.command;
    let n = state.last.checked_add(1).ok_or(Refusal::AmountOverflow)?;
    let event = NumberSeriesEvent::NumberAllotted {
        kind: series.kind,
        seller_entity: series.seller_entity.clone(),
        year: series.year,
        n,
        number: series.number(n),
        document_id: *document_id,
    };
    Ok(event.into())
}
