//! Every route, flat.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::{HeaderName, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::Api;
use super::compat::billing::{self, Billing};
use super::compat::licensing::{self, Licensing};
use super::edge::{self, Edge};
use super::problem::ProblemType;
use super::rate_limit::RateLimits;
use super::server::{self, ConnectionLimits};
use super::v1::{
    accounts, admin, audit, billing_discrepancies, billing_runs, commission_statements, commissions, credit_notes,
    customers, exchange_rates, invoices, notification_preferences, orders, payments, price_rules, services,
    subscriptions,
};
use super::{dev, docs, openapi, webhooks};
use crate::clock;
use crate::wiring::Parts;

/// The operations that are in the OpenAPI document.
pub fn operations() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(customers::register::register_customer, customers::list::list_customers))
        .routes(routes!(
            customers::get::get_customer,
            customers::change::change_customer,
            customers::close::close_customer
        ))
        .routes(routes!(customers::terms::set_commercial_terms))
        .routes(routes!(customers::suspend::suspend_customer))
        .routes(routes!(customers::reinstate::reinstate_customer))
        .routes(routes!(customers::erase::erase_personal_data))
        .routes(routes!(customers::balance::get_balance))
        .routes(routes!(customers::statement::get_statement))
        .routes(routes!(customers::charges::list_charges_to_bill_on))
        .routes(routes!(accounts::open::open_account, accounts::list::list_accounts))
        .routes(routes!(accounts::get::get_account, accounts::change::change_account, accounts::close::close_account))
        .routes(routes!(accounts::link::link_existing_account))
        .routes(routes!(accounts::subscriptions::list_account_subscriptions))
        .routes(routes!(accounts::licences::list_account_licences))
        .routes(routes!(services::list::list_services))
        .routes(routes!(services::get::get_service))
        .routes(routes!(services::sync::sync_catalogue))
        .routes(routes!(services::tax_rates::list_tax_rates))
        .routes(routes!(price_rules::list::list_price_rules))
        .routes(routes!(
            price_rules::get::get_price_rule,
            price_rules::set::set_price_rule,
            price_rules::remove::remove_price_rule
        ))
        .routes(routes!(exchange_rates::list::list_exchange_rates, exchange_rates::set::set_exchange_rate))
        .routes(routes!(orders::place::place_order, orders::list::list_orders))
        .routes(routes!(orders::quote::quote_order))
        .routes(routes!(orders::get::get_order))
        .routes(routes!(orders::cancel::cancel_order))
        .routes(routes!(orders::checkout::check_out_order))
        .routes(routes!(subscriptions::list::list_subscriptions))
        .routes(routes!(subscriptions::get::get_subscription))
        .routes(routes!(subscriptions::quantity::change_quantity))
        .routes(routes!(subscriptions::cancel::cancel_subscription))
        .routes(routes!(subscriptions::extend::extend_subscription))
        .routes(routes!(subscriptions::suspend::suspend_subscription))
        .routes(routes!(subscriptions::resume::resume_subscription))
        .routes(routes!(subscriptions::renewal::set_renewal))
        .routes(routes!(subscriptions::changes::list_changes))
        .routes(routes!(subscriptions::licences::list_licences))
        .routes(routes!(subscriptions::assign::assign_licence, subscriptions::unassign::unassign_licence))
        .routes(routes!(subscriptions::history::get_history))
        .routes(routes!(audit::events::list_audit_events))
        .routes(routes!(audit::stream::get_audit_stream))
        .routes(routes!(audit::state::get_audit_state))
        .routes(routes!(admin::projections::list_projections))
        .routes(routes!(admin::rebuild::rebuild_projection))
        .routes(routes!(admin::effects::list_effects))
        .routes(routes!(admin::dead_letters::list_dead_letters))
        .routes(routes!(admin::dead_letters_retry::retry_dead_letter))
        .routes(routes!(admin::dead_letters_discard::discard_dead_letter))
        .routes(routes!(admin::drift_list::list_drift))
        .routes(routes!(admin::drift_get::get_drift))
        .routes(routes!(admin::drift_resolve::resolve_drift))
        .routes(routes!(admin::reconcile::reconcile))
        .routes(routes!(admin::reconcile_run::get_reconcile))
        .routes(routes!(admin::roles::list_roles))
        .routes(routes!(
            notification_preferences::get::get_notification_preferences,
            notification_preferences::set::set_notification_preferences
        ))
        .merge(billing())
        .merge(without_token())
}

/// Those about what is billed.
fn billing() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(invoices::generate::generate_invoices))
        .routes(routes!(invoices::preview::preview_invoice))
        .routes(routes!(billing_runs::list::list_billing_runs))
        .routes(routes!(billing_runs::get::get_billing_run))
        .routes(routes!(billing_runs::retry::retry_billing_run))
        .routes(routes!(billing_discrepancies::list::list_billing_discrepancies))
        .routes(routes!(billing_discrepancies::get::get_billing_discrepancy))
        .routes(routes!(billing_discrepancies::resolve::resolve_billing_discrepancy))
        .routes(routes!(invoices::list::list_invoices))
        .routes(routes!(invoices::get::get_invoice, invoices::discard::discard_invoice))
        .routes(routes!(invoices::document::get_invoice_document))
        .routes(routes!(invoices::issue::issue_invoice))
        .routes(routes!(invoices::void::void_invoice))
        .routes(routes!(invoices::uncollectible::write_off_invoice))
        .routes(routes!(invoices::credit::credit_invoice))
        .routes(routes!(invoices::pay_all::pay_invoices))
        .routes(routes!(invoices::pay::pay_invoice))
        .routes(routes!(invoices::receive::receive_payment))
        .routes(routes!(payments::list::list_payments))
        .routes(routes!(payments::get::get_payment))
        .routes(routes!(payments::resolve::resolve_payment))
        .routes(routes!(payments::refund::refund_payment))
        .routes(routes!(credit_notes::list::list_credit_notes))
        .routes(routes!(credit_notes::get::get_credit_note))
        .routes(routes!(credit_notes::document::get_credit_note_document))
        .routes(routes!(commissions::list::list_commissions))
        .routes(routes!(commission_statements::list::list_commission_statements))
        .routes(routes!(commission_statements::get::get_commission_statement))
        .routes(routes!(commission_statements::document::get_commission_statement_document))
        .routes(routes!(commission_statements::settle::settle_commission_statement))
}

/// Those that ask for no token: a signature stands for it, or the development world itself.
fn without_token() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::ccp::deliver_ccp_webhook))
        .routes(routes!(webhooks::payments::deliver_payment_webhook))
        .routes(routes!(dev::make_token))
        .routes(routes!(dev::get_jwks))
        .routes(routes!(dev::clock::move_clock, dev::clock::get_clock))
}

/// The public router.
pub fn router(api: Api, limits: RateLimits, compat: Router<Api>) -> Router {
    let (operations, _) = operations().split_for_parts();
    operations
        .merge(compat)
        .route("/openapi.json", get(openapi_json))
        .route("/healthz", get(|| async { "ok" }))
        .merge(docs::router())
        .fallback(|| async { ProblemType::NotFound.into_response_for_route() })
        .method_not_allowed_fallback(|| async { ProblemType::MethodNotAllowed.into_response_for_route() })
        .layer(middleware::from_fn_with_state(Edge::new(clock::new_id, limits), edge::guard))
        .with_state(api)
}

async fn openapi_json() -> Response {
    static JSON: OnceLock<String> = OnceLock::new();
    let json = JSON.get_or_init(|| openapi::document().to_json().unwrap_or_default());
    let json_type: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
    (json_type, json.as_str()).into_response()
}

impl ProblemType {
    fn into_response_for_route(self) -> Response {
        super::problem::Problem::from(self).into_response()
    }
}

/// Serves the public listener until shutdown.
pub fn serve(listener: TcpListener, api: Api, parts: &Parts) -> impl Future<Output = ()> + Send + 'static {
    let limits = RateLimits::per_minute(parts.settings.writes_per_minute(), parts.settings.reads_per_minute());
    let compat = compat(&api, parts);
    let mut router = router(api, limits, compat);
    if parts.settings.compat_billing {
        router = billing::in_any_case(router);
    }
    server::serve(listener, router, ConnectionLimits::default(), parts.shutdown.clone())
}

/// The surfaces of earlier systems that are switched on.
fn compat(api: &Api, parts: &Parts) -> Router<Api> {
    let settings = &parts.settings;
    let mut surfaces = Router::new();
    if settings.compat_licensing {
        let skus = settings.compat_licensing_skus.split(',').map(str::trim).filter(|sku| !sku.is_empty());
        let skus = skus.map(str::to_owned).collect();
        surfaces = surfaces.merge(licensing::router(Licensing { api: api.clone(), skus }));
    }
    if settings.compat_billing {
        let token = settings.compat_billing_token.clone().map(Arc::new);
        let (tasks, shutdown) = (parts.tasks.clone(), parts.shutdown.clone());
        surfaces = surfaces.merge(billing::router(Billing { api: api.clone(), token, tasks, shutdown }));
    }
    surfaces
}
