//! What a commission statement says.

use std::collections::BTreeMap;

use domain::Money;
use domain::commission_account::{IssuedStatement, StatementLine};
use uuid::Uuid;

use super::{CommissionLine, Kind, Line, Of, Sheet};
use crate::RenderError;

/// How another document is called. It was issued before, so neither of the two changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub number: String,
    /// Whom it is addressed to.
    pub buyer: String,
}

/// The invoices and credit notes a statement is about, by id.
pub type Names = BTreeMap<Uuid, Named>;

impl Sheet {
    /// A commission statement with all its lines.
    ///
    /// # Errors
    /// [`RenderError::Faulty`] when a document it is about is not among the names.
    pub fn of_statement(issued: &IssuedStatement, names: &Names) -> Result<Self, RenderError> {
        let numbered = (1..).zip(&issued.lines);
        let lines = numbered.map(|(line, earned)| commission(line, earned, names)).collect::<Result<_, _>>()?;
        let nothing = Money::zero(issued.currency);
        Ok(Self {
            kind: Kind::CommissionStatement,
            id: issued.statement_id,
            number: issued.number.clone(),
            issued_on: issued.issued_on,
            due_on: None,
            period: issued.period,
            tax_point: issued.period.last_day(),
            seller: issued.seller.clone(),
            buyer: issued.reseller.clone(),
            reference: None,
            corrects: None,
            settle: None,
            currency: issued.currency,
            treatment: issued.treatment.clone(),
            lines,
            charges: issued.net,
            discounts: nothing,
            net: issued.net,
            taxes: issued.taxes.clone(),
            total: issued.total,
            applied_credit: nothing,
            paid: nothing,
            due: issued.total,
        })
    }
}

fn commission(line: u32, earned: &StatementLine, names: &Names) -> Result<Line, RenderError> {
    let named = |id: &Uuid| {
        names.get(id).ok_or_else(|| RenderError::Faulty("a document the statement is about is not there".to_owned()))
    };
    let invoice = earned.invoice_id.as_ref().map(named).transpose()?;
    let credit_note = earned.credit_note_id.as_ref().map(named).transpose()?;
    let of = CommissionLine {
        invoice: invoice.map(|invoice| invoice.number.clone()),
        credit_note: credit_note.map(|note| note.number.clone()),
        end_customer_id: earned.end_customer_id,
        end_customer_name: invoice.or(credit_note).map(|document| document.buyer.clone()).unwrap_or_default(),
        of_line: earned.line,
        kind: earned.kind,
        base: earned.base,
        period: earned.period,
    };
    Ok(Line { line, net: earned.amount, of: Of::Commission(Box::new(of)) })
}
