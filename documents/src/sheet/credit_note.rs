//! What a credit note says.

use domain::Money;
use domain::billing::sum;
use domain::credit_note::{CreditNoteLine, IssuedCreditNote};

use super::{Kind, Line, Of, ServiceLine, Sheet};
use crate::RenderError;

impl Sheet {
    /// A credit note, with all its lines. The reason stays away: it is free text, which may name people.
    ///
    /// # Errors
    /// [`RenderError::Faulty`] when a sum cannot be represented.
    pub fn of_credit_note(issued: &IssuedCreditNote) -> Result<Self, RenderError> {
        let lines: Vec<Line> = issued.lines.iter().map(credited).collect();
        let seats = lines.iter().filter_map(|line| line.of.service()).filter_map(|service| service.seats);
        let discounts = sum(issued.currency, seats.map(|seats| seats.discount))?;
        let nothing = Money::zero(issued.currency);
        Ok(Self {
            kind: Kind::CreditNote,
            id: issued.credit_note_id,
            number: issued.number.clone(),
            issued_on: issued.issued_on,
            due_on: None,
            period: issued.period,
            tax_point: issued.tax_point,
            seller: issued.seller.clone(),
            buyer: issued.buyer.clone(),
            reference: Some(issued.reference.clone()),
            corrects: issued.invoice.clone(),
            settle: Some(issued.settle),
            currency: issued.currency,
            treatment: issued.treatment.clone(),
            lines,
            charges: issued.net.plus(discounts)?,
            discounts,
            net: issued.net,
            taxes: issued.taxes.clone(),
            total: issued.total,
            applied_credit: nothing,
            paid: nothing,
            due: issued.total,
        })
    }
}

fn credited(line: &CreditNoteLine) -> Line {
    let whole = line.net == line.of.amount;
    let service = if whole { ServiceLine::whole(&line.of) } else { ServiceLine::part(&line.of) };
    Line { line: line.line, net: line.net, of: Of::Service(Box::new(service)) }
}
