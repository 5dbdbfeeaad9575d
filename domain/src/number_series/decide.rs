//! Which number comes next.

use super::{NumberSeriesCommand, NumberSeriesEvent, NumberSeriesState};
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &NumberSeriesState,
    asked: &Asked<'_, NumberSeriesCommand>,
) -> Result<Decided<NumberSeriesEvent>, Refusal> {
    let NumberSeriesCommand::Allot { series, document_id } = asked.command;
    let n = state.last.checked_add(1).ok_or(Refusal::AmountOverflow)?;
    Ok(NumberSeriesEvent::NumberAllotted { number: series.number(n), n, document_id: *document_id }.into())
}
