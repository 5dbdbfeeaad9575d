//! Commission statements: what a reseller is owed for a period, with its number.

use chrono::NaiveDate;
use domain::billing::statement::{self, Entries, Outcome, Statement};
use domain::billing::{Period, negated};
use domain::commission_account::{
    CommissionAccountCommand, CommissionAccountRules, CommissionKind, IssuedStatement, StatementLine,
};
use domain::customer::CustomerRules;
use domain::number_series::Numbered;
use domain::{Currency, Refusal, ids};
use uuid::Uuid;

use crate::{Failure, Work, number, party};

/// Issues the statement of a reseller, a currency and a period, with its number in the same append. It shows everything
/// waiting of that period and of those before it. Whether there is one now that was not there before: a period in which
/// nothing was earned has none, and a negative sum waits for the next.
///
/// # Errors
/// [`Failure`].
pub async fn issue_statement_in(
    work: &mut Work<'_>,
    reseller_id: Uuid,
    currency: Currency,
    period: Period,
    issued_on: NaiveDate,
) -> Result<bool, Failure> {
    let account_id = ids::commission_account(reseller_id, currency);
    let statement_id = ids::commission_statement(reseller_id, currency, period);
    let account = work.read::<CommissionAccountRules>(account_id).await?;
    let lines = account.state.due(period);
    // A number may not be taken in vain.
    if lines.is_empty() || account.state.statements.contains_key(&statement_id) {
        return Ok(false);
    }
    let reseller = work.read::<CustomerRules>(reseller_id).await?;
    let reseller = reseller.state.known().ok_or(Failure::NotFound)?;
    let entity = work.bus().seller().entity(&reseller.seller_entity);
    let treatment = statement::treatment(&reseller.country, &entity.country, Some(&entity.vat_id), period.last_day());
    let Outcome::Statement(Statement { net, taxes, total }) =
        statement::statement(currency, &entries(&lines)?, &treatment)?
    else {
        return Ok(false);
    };
    let issued = IssuedStatement {
        statement_id,
        number: number::allot_in(work, Numbered::CommissionStatement, entity, issued_on, statement_id).await?,
        reseller_id,
        seller_entity: entity.id.clone(),
        period,
        issued_on,
        currency,
        treatment,
        net,
        taxes,
        total,
        seller: party::seller(entity),
        reseller: party::buyer(work, reseller).await?,
        line_count: u32::try_from(lines.len()).map_err(|_| Refusal::AmountOverflow)?,
        lines,
    };
    let issue = CommissionAccountCommand::Issue(Box::new(issued));
    work.decide::<CommissionAccountRules>(account_id, &issue, Some(reseller_id)).await?;
    Ok(true)
}

fn entries(lines: &[StatementLine]) -> Result<Entries, Refusal> {
    let mut entries = Entries::default();
    for line in lines {
        match line.kind {
            CommissionKind::Accrued | CommissionKind::Restored => entries.accrued.push(line.amount),
            CommissionKind::Reversed => entries.reversed.push(negated(line.amount)?),
        }
    }
    Ok(entries)
}
