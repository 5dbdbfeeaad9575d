//! What an order would cost, and every reason why it would be refused. Writes nothing.

use domain::order::{self, OrderLine};
use domain::tax::TaxAmount;
use domain::{Currency, Money, Refusal};
use uuid::Uuid;

use super::place::{self, OrderRequest};
use crate::{Bus, Context, Failure, Operation, Rejection, Work, authorise, bus};

#[derive(Debug, Clone)]
pub struct OrderQuote {
    pub currency: Currency,
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
    /// Only the lines that have a price.
    pub lines: Vec<OrderLine>,
    /// Whose prices these are, for deciding who may see which.
    pub owner: authorise::Owner,
    /// Each with the line it is about, counted from 1.
    pub problems: Vec<(Option<u32>, Refusal)>,
}

/// Quotes an order.
///
/// # Errors
/// [`Rejection`]: the account is not the caller's, or the log cannot be read.
pub async fn quote(bus: &Bus, context: &Context, request: &OrderRequest) -> Result<OrderQuote, Rejection> {
    if !authorise::role_may(Operation::QuoteOrder, &context.actor) {
        return Err(Rejection::Forbidden);
    }
    // On fresh states: nothing checks a quote afterwards.
    let mut work = Work::new(bus, context, Operation::QuoteOrder, true);
    in_work(&mut work, request).await.map_err(bus::rejection)
}

async fn in_work(work: &mut Work<'_>, request: &OrderRequest) -> Result<OrderQuote, Failure> {
    let placed = place::look_up(work, Uuid::nil(), request).await?;
    // What cannot be added up is shown as nothing, and why is among the problems.
    let nothing = Money::zero(placed.currency);
    let (lines, net, taxes, total) =
        order::priced(&placed).unwrap_or_else(|_| (Vec::new(), nothing, Vec::new(), nothing));
    Ok(OrderQuote {
        currency: placed.currency,
        net,
        taxes,
        total,
        lines,
        owner: authorise::Owner { customer_id: placed.customer_id, reseller_id: placed.reseller_id },
        problems: order::problems(&placed),
    })
}
