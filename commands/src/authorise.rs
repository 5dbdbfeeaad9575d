//! The authorisation table: who may do what, and for whom. One row per operation; tests are generated from it.

mod operation;

pub use operation::Operation;

use domain::{Actor, Role};
use uuid::Uuid;

/// What a cell of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    No,
    Yes,
}

use Cell::{No, Yes};

/// One row: a customer for itself, a reseller for itself and for its end customers, the seller's staff, machines.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub operation: Operation,
    pub customer: Cell,
    pub reseller_own: Cell,
    pub reseller_sub: Cell,
    pub operator: Cell,
    pub auditor: Cell,
    pub service: Cell,
}

const fn row(operation: Operation, customer: [Cell; 3], seller: [Cell; 3]) -> Row {
    let [customer, reseller_own, reseller_sub] = customer;
    let [operator, auditor, service] = seller;
    Row { operation, customer, reseller_own, reseller_sub, operator, auditor, service }
}

/// The whole table.                                    own  own  sub     operator auditor service
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    row(Operation::RegisterCustomer,         [No,  No,  Yes], [Yes, No,  No]),
    row(Operation::ListCustomers,            [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetCustomer,              [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ChangeCustomer,           [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::CloseCustomer,            [No,  No,  Yes], [Yes, No,  No]),
    row(Operation::SetCommercialTerms,       [No,  No,  No ], [Yes, No,  No]),
    row(Operation::SuspendCustomer,          [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ReinstateCustomer,        [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ErasePersonalData,        [No,  No,  No ], [Yes, No,  No]),
    row(Operation::OpenAccount,              [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ListAccounts,             [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetAccount,               [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ChangeAccount,            [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::CloseAccount,             [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::LinkExistingAccount,      [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListAccountSubscriptions, [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListAccountLicences,      [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListServices,             [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetService,               [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::SyncCatalogue,            [No,  No,  No ], [Yes, No,  Yes]),
    row(Operation::ListTaxRates,             [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListPriceRules,           [No,  Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetPriceRule,             [No,  Yes, Yes], [Yes, Yes, No]),
    row(Operation::SetPriceRule,             [No,  Yes, Yes], [Yes, No,  No]),
    row(Operation::RemovePriceRule,          [No,  Yes, Yes], [Yes, No,  No]),
    row(Operation::ListExchangeRates,        [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::SetExchangeRate,          [No,  No,  No ], [Yes, No,  No]),
    row(Operation::PlaceOrder,               [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::QuoteOrder,               [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ListOrders,               [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetOrder,                 [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::CancelOrder,              [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ListSubscriptions,        [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetSubscription,          [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ChangeQuantity,           [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::CancelSubscription,       [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ExtendSubscription,       [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::SuspendSubscription,      [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ResumeSubscription,       [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::SetRenewal,               [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ListChanges,              [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::AssignLicence,            [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::UnassignLicence,          [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::ListLicences,             [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetHistory,               [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListAuditEvents,          [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::GetAuditStream,           [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::GetAuditState,            [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::ListProjections,          [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::RebuildProjection,        [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListEffects,              [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::ListDeadLetters,          [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::ListRoles,                [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::RetryDeadLetter,          [No,  No,  No ], [Yes, No,  No]),
    row(Operation::DiscardDeadLetter,        [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListDrift,                [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::GetDrift,                 [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::ResolveDrift,             [No,  No,  No ], [Yes, No,  No]),
    row(Operation::Reconcile,                [No,  No,  No ], [Yes, No,  Yes]),
    row(Operation::GetReconcile,             [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::GenerateInvoices,         [No,  No,  No ], [Yes, No,  Yes]),
    row(Operation::PreviewInvoice,           [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListBillingRuns,          [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::GetBillingRun,            [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::RetryBillingRun,          [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListDiscrepancies,        [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::GetDiscrepancy,           [No,  No,  No ], [Yes, Yes, No]),
    row(Operation::ResolveDiscrepancy,       [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListInvoices,             [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetInvoice,               [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetInvoiceDocument,       [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::IssueInvoice,             [No,  No,  No ], [Yes, No,  No]),
    row(Operation::DiscardInvoice,           [No,  No,  No ], [Yes, No,  No]),
    row(Operation::VoidInvoice,              [No,  No,  No ], [Yes, No,  No]),
    row(Operation::WriteOffInvoice,          [No,  No,  No ], [Yes, No,  No]),
    row(Operation::CreditInvoice,            [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListCreditNotes,          [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetCreditNote,            [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetCreditNoteDocument,    [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetBalance,               [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetStatement,             [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListChargesToBillOn,      [No,  No,  Yes], [Yes, Yes, No]),
    row(Operation::ListCommissions,          [No,  Yes, Yes], [Yes, Yes, No]),
    row(Operation::ListCommissionStatements, [No,  Yes, Yes], [Yes, Yes, No]),
    row(Operation::GetCommissionStatement,   [No,  Yes, No ], [Yes, Yes, No]),
    row(Operation::GetCommissionStatementDocument, [No,  Yes, No ], [Yes, Yes, No]),
    row(Operation::SettleCommissionStatement,[No,  No,  No ], [Yes, No,  No]),
    row(Operation::PayInvoice,                    [Yes, Yes, No ], [Yes, No,  No]),
    row(Operation::PayInvoices,                   [No,  No,  No ], [Yes, No,  Yes]),
    row(Operation::ReceivePayment,                [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ListPayments,                  [Yes, Yes, No ], [Yes, Yes, No]),
    row(Operation::GetPayment,                    [Yes, Yes, No ], [Yes, Yes, No]),
    row(Operation::RefundPayment,                 [No,  No,  No ], [Yes, No,  No]),
    row(Operation::ResolvePayment,                [No,  No,  No ], [Yes, No,  No]),
    row(Operation::CheckOutOrder,                 [Yes, Yes, No ], [Yes, No,  No]),
    row(Operation::GetNotificationPreferences,    [Yes, Yes, Yes], [Yes, Yes, No]),
    row(Operation::SetNotificationPreferences,    [Yes, Yes, Yes], [Yes, No,  No]),
    row(Operation::System,                   [No,  No,  No ], [No,  No,  No]),
];

impl Operation {
    fn row(self) -> Option<&'static Row> {
        TABLE.iter().find(|row| row.operation == self)
    }
}

/// Whose thing an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    pub customer_id: Uuid,
    pub reseller_id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// Not the caller's to see: answered exactly like something absent.
    Invisible,
    Forbidden,
}

/// Whether the role may do this at all, for itself or for others.
pub fn role_may(operation: Operation, actor: &Actor) -> bool {
    let Some(row) = operation.row() else { return false };
    let cells: &[Cell] = match actor.role {
        Role::Customer => &[row.customer],
        Role::Reseller => &[row.reseller_own, row.reseller_sub],
        Role::Operator => &[row.operator],
        Role::Auditor => &[row.auditor],
        Role::Service => &[row.service],
        Role::System | Role::Provider => &[Yes],
    };
    cells.contains(&Yes)
}

/// Whether the actor may do this to something of that owner.
pub fn on(operation: Operation, actor: &Actor, owner: Owner) -> Verdict {
    let Some(row) = operation.row() else { return Verdict::Forbidden };
    let own = actor.customer_id == Some(owner.customer_id);
    let sub = actor.customer_id.is_some() && actor.customer_id == owner.reseller_id;
    let cell = match actor.role {
        Role::Customer if own => row.customer,
        Role::Reseller if own => row.reseller_own,
        Role::Reseller if sub => row.reseller_sub,
        Role::Customer | Role::Reseller => return Verdict::Invisible,
        Role::Operator => row.operator,
        Role::Auditor => row.auditor,
        Role::Service => row.service,
        Role::System | Role::Provider => Yes,
    };
    if cell == Yes { Verdict::Allowed } else { Verdict::Forbidden }
}

/// Whether the actor does this as a reseller: for somebody else, or what no customer may do for itself. `customer` is
/// whose data it writes.
pub fn is_reselling(operation: Operation, actor: &Actor, customer: Option<Uuid>) -> bool {
    let is_for_itself = customer.is_some() && customer == actor.customer_id;
    let is_a_customers = operation.row().is_some_and(|row| row.customer == Yes);
    actor.role == Role::Reseller && !(is_for_itself && is_a_customers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(role: Role, customer: Option<u128>) -> Actor {
        Actor { subject: "someone".to_owned(), role, customer_id: customer.map(Uuid::from_u128) }
    }

    #[test]
    fn every_operation_has_exactly_one_row() {
        for row in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.operation == row.operation).count(), 1, "{row:?}");
        }
    }

    #[test]
    fn what_is_foreign_is_invisible_and_what_the_role_may_not_is_forbidden() {
        let end_customer = Owner { customer_id: Uuid::from_u128(1), reseller_id: Some(Uuid::from_u128(2)) };
        let cases = [
            (Operation::GetOrder, actor(Role::Customer, Some(1)), Verdict::Allowed),
            (Operation::GetOrder, actor(Role::Customer, Some(9)), Verdict::Invisible),
            (Operation::GetOrder, actor(Role::Reseller, Some(2)), Verdict::Allowed),
            (Operation::GetOrder, actor(Role::Reseller, Some(9)), Verdict::Invisible),
            (Operation::PlaceOrder, actor(Role::Auditor, None), Verdict::Forbidden),
            (Operation::PlaceOrder, actor(Role::Operator, None), Verdict::Allowed),
            (Operation::GetOrder, actor(Role::Service, None), Verdict::Forbidden),
        ];
        for (operation, actor, expected) in cases {
            assert_eq!(on(operation, &actor, end_customer), expected, "{operation:?} {actor:?}");
        }
    }

    #[test]
    fn a_reseller_resells_where_it_acts_for_others_or_makes_their_prices() {
        let cases = [
            (Operation::CancelSubscription, actor(Role::Reseller, Some(2)), Some(1), true),
            (Operation::RegisterCustomer, actor(Role::Reseller, Some(2)), Some(1), true),
            (Operation::SetPriceRule, actor(Role::Reseller, Some(2)), Some(2), true),
            (Operation::PayInvoice, actor(Role::Reseller, Some(2)), Some(2), false),
            (Operation::SetNotificationPreferences, actor(Role::Reseller, Some(2)), Some(2), false),
            (Operation::CancelSubscription, actor(Role::Customer, Some(1)), Some(1), false),
            (Operation::SetPriceRule, actor(Role::Operator, None), Some(2), false),
        ];
        for (operation, actor, customer, expected) in cases {
            let customer = customer.map(Uuid::from_u128);
            assert_eq!(is_reselling(operation, &actor, customer), expected, "{operation:?} {actor:?}");
        }
    }
}
