//! Every operation, and what the OpenAPI document calls it.

/// One line per operation: its variant and its name.
macro_rules! operations {
    ($($(#[$about:meta])* $operation:ident = $name:literal,)*) => {
        /// Every operation of the API that needs a token, named as in the OpenAPI document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $($(#[$about])* $operation,)*
        }

        impl Operation {
            /// The OpenAPI `operationId`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => $name,)*
                }
            }
        }
    };
}

operations! {
    RegisterCustomer = "register_customer",
    ListCustomers = "list_customers",
    GetCustomer = "get_customer",
    ChangeCustomer = "change_customer",
    CloseCustomer = "close_customer",
    SetCommercialTerms = "set_commercial_terms",
    SuspendCustomer = "suspend_customer",
    ReinstateCustomer = "reinstate_customer",
    ErasePersonalData = "erase_personal_data",
    OpenAccount = "open_account",
    ListAccounts = "list_accounts",
    GetAccount = "get_account",
    ChangeAccount = "change_account",
    CloseAccount = "close_account",
    LinkExistingAccount = "link_existing_account",
    ListAccountSubscriptions = "list_account_subscriptions",
    ListAccountLicences = "list_account_licences",
    ListServices = "list_services",
    GetService = "get_service",
    SyncCatalogue = "sync_catalogue",
    ListTaxRates = "list_tax_rates",
    ListPriceRules = "list_price_rules",
    GetPriceRule = "get_price_rule",
    SetPriceRule = "set_price_rule",
    RemovePriceRule = "remove_price_rule",
    ListExchangeRates = "list_exchange_rates",
    SetExchangeRate = "set_exchange_rate",
    PlaceOrder = "place_order",
    QuoteOrder = "quote_order",
    ListOrders = "list_orders",
    GetOrder = "get_order",
    CancelOrder = "cancel_order",
    ListSubscriptions = "list_subscriptions",
    GetSubscription = "get_subscription",
    ChangeQuantity = "change_quantity",
    CancelSubscription = "cancel_subscription",
    ExtendSubscription = "extend_subscription",
    SuspendSubscription = "suspend_subscription",
    ResumeSubscription = "resume_subscription",
    SetRenewal = "set_renewal",
    ListChanges = "list_changes",
    AssignLicence = "assign_licence",
    UnassignLicence = "unassign_licence",
    ListLicences = "list_licences",
    GetHistory = "get_history",
    ListAuditEvents = "list_audit_events",
    GetAuditStream = "get_audit_stream",
    GetAuditState = "get_audit_state",
    ListProjections = "list_projections",
    RebuildProjection = "rebuild_projection",
    ListEffects = "list_effects",
    ListDeadLetters = "list_dead_letters",
    ListRoles = "list_roles",
    RetryDeadLetter = "retry_dead_letter",
    DiscardDeadLetter = "discard_dead_letter",
    ListDrift = "list_drift",
    GetDrift = "get_drift",
    ResolveDrift = "resolve_drift",
    Reconcile = "reconcile",
    GetReconcile = "get_reconcile",
    GenerateInvoices = "generate_invoices",
    PreviewInvoice = "preview_invoice",
    ListBillingRuns = "list_billing_runs",
    GetBillingRun = "get_billing_run",
    RetryBillingRun = "retry_billing_run",
    ListDiscrepancies = "list_billing_discrepancies",
    GetDiscrepancy = "get_billing_discrepancy",
    ResolveDiscrepancy = "resolve_billing_discrepancy",
    ListInvoices = "list_invoices",
    GetInvoice = "get_invoice",
    GetInvoiceDocument = "get_invoice_document",
    IssueInvoice = "issue_invoice",
    DiscardInvoice = "discard_invoice",
    VoidInvoice = "void_invoice",
    WriteOffInvoice = "write_off_invoice",
    CreditInvoice = "credit_invoice",
    ListCreditNotes = "list_credit_notes",
    GetCreditNote = "get_credit_note",
    GetCreditNoteDocument = "get_credit_note_document",
    GetBalance = "get_balance",
    GetStatement = "get_statement",
    ListChargesToBillOn = "list_charges_to_bill_on",
    ListCommissions = "list_commissions",
    ListCommissionStatements = "list_commission_statements",
    GetCommissionStatement = "get_commission_statement",
    GetCommissionStatementDocument = "get_commission_statement_document",
    SettleCommissionStatement = "settle_commission_statement",
    PayInvoice = "pay_invoice",
    PayInvoices = "pay_invoices",
    ReceivePayment = "receive_payment",
    ListPayments = "list_payments",
    GetPayment = "get_payment",
    RefundPayment = "refund_payment",
    ResolvePayment = "resolve_payment",
    CheckOutOrder = "check_out_order",
    GetNotificationPreferences = "get_notification_preferences",
    SetNotificationPreferences = "set_notification_preferences",
    /// What the product does itself; no token carries a role that may.
    System = "system",
}
