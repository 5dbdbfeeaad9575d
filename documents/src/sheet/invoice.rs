//! What an invoice says.

use domain::Money;
use domain::billing::{minus, sum};
use domain::invoice::Invoice;

use super::{Kind, Line, Of, ServiceLine, Sheet};
use crate::RenderError;

impl Sheet {
    /// An invoice as it was issued: folded up to the end of the append that issued it. What is paid or credited later
    /// does not change it.
    ///
    /// # Errors
    /// [`RenderError::NotAvailable`] of a draft, [`RenderError::Faulty`] when a sum cannot be represented.
    pub fn of_invoice(invoice: &Invoice) -> Result<Self, RenderError> {
        let issue = invoice.issue.as_ref().ok_or(RenderError::NotAvailable)?;
        let contents = &invoice.contents;
        let lines = contents.lines.iter().map(|line| Line {
            line: line.line,
            net: line.amount,
            of: Of::Service(Box::new(ServiceLine::whole(line))),
        });
        let paid: Money = sum(contents.currency, invoice.payments.iter().map(|payment| payment.applied))?;
        let settled = invoice.applied_credit.plus(paid)?;
        Ok(Self {
            kind: Kind::Invoice(contents.kind),
            id: contents.invoice_id,
            number: issue.number.clone(),
            issued_on: issue.issued_on,
            due_on: Some(issue.due_on),
            period: contents.period,
            tax_point: contents.tax_point,
            seller: issue.seller.clone(),
            buyer: issue.buyer.clone(),
            reference: Some(issue.reference.clone()),
            corrects: None,
            settle: None,
            currency: contents.currency,
            treatment: contents.treatment.clone(),
            lines: lines.collect(),
            charges: contents.totals.charges,
            discounts: contents.totals.discounts,
            net: contents.totals.net,
            taxes: contents.totals.taxes.clone(),
            total: contents.totals.total,
            applied_credit: invoice.applied_credit,
            paid,
            due: minus(contents.totals.total, settled)?,
        })
    }
}
