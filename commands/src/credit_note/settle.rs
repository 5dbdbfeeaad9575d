//! Where the total of a credit note on an invoice goes.

use domain::billing::allocate::{self, Applied};
use domain::billing::minus;
use domain::collecting::refund::{self, Returnable, Returned};
use domain::credit_note::{Settle, Settlement};
use domain::invoice::Invoice;
use domain::payment::{PaymentRules, RefundCause};
use domain::{Money, ids};
use uuid::Uuid;

use crate::{Failure, Work, payment};

/// Where it goes, and over which payments what goes back does.
#[derive(Debug)]
pub(super) struct Settled {
    pub settlement: Settlement,
    pub refunds: Vec<Returnable>,
}

/// Off what is left to pay first. Of the rest, money that came in can go back the way it came, over the last payment
/// first, or over one of them only; what cannot goes to the customer's balance, as does what that paid.
pub(super) async fn settled_in(
    work: &mut Work<'_>,
    invoice: &Invoice,
    total: Money,
    (settle, over): (Settle, Option<Uuid>),
) -> Result<Settled, Failure> {
    let Applied { applied, rest } = allocate::apply(total, invoice.balance)?;
    let booked = match settle {
        Settle::Balance => Vec::new(),
        Settle::Refund => returnable(work, invoice, over).await?,
    };
    let Returned { parts, rest: balance } = refund::divide(rest, &booked)?;
    let settlement = Settlement { invoice: applied, balance, refund: minus(rest, balance)? };
    Ok(Settled { settlement, refunds: parts })
}

async fn returnable(work: &mut Work<'_>, invoice: &Invoice, over: Option<Uuid>) -> Result<Vec<Returnable>, Failure> {
    let mut returnable = Vec::new();
    for booked in invoice.payments.iter().filter(|booked| over.is_none_or(|over| over == booked.payment_id)) {
        let payment = work.read::<PaymentRules>(booked.payment_id).await?;
        let payment = payment.state.known().filter(|payment| payment.started.means.refunds());
        let Some(payment) = payment else { continue };
        returnable.push(Returnable { payment_id: payment.id(), left: payment.returnable(booked.applied)? });
    }
    Ok(returnable)
}

/// Starts what goes back, in this attempt; what was started already stays as it is.
pub(super) async fn refund_in(
    work: &mut Work<'_>,
    credit_note_id: Uuid,
    refunds: &[Returnable],
) -> Result<(), Failure> {
    for Returnable { payment_id, left } in refunds {
        let refund_id = ids::credit_refund(credit_note_id, *payment_id);
        payment::refund_in(work, *payment_id, refund_id, *left, RefundCause::CreditNote(credit_note_id)).await?;
    }
    Ok(())
}
