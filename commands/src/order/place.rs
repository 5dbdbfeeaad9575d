//! Placing an order: everything the rules need is looked up, then the rules decide.

use chrono::NaiveDate;
use domain::account::AccountRules;
use domain::customer::{BillTo, Customer, CustomerStatus};
use domain::order::{OrderCommand, OrderRules, OrderingAccount, PaymentMode, RequestedLine};
use domain::pricing::{self, Buyer};
use domain::service::{Service, ServiceRules};
use domain::tax::{self, TaxCase, Treatment};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::customer::is_suspended;
use crate::seller::SellerEntity;
use crate::{Answer, Command, Failure, Operation, Work, prices};

/// What a client asks for, as placed or quoted.
#[derive(Debug, Clone)]
pub struct OrderRequest {
    pub account_id: Uuid,
    pub name: Option<String>,
    pub payment: PaymentMode,
    pub start_on: Option<NaiveDate>,
    pub purchase_order: Option<String>,
    pub lines: Vec<LineRequest>,
}

#[derive(Debug, Clone, Copy)]
pub struct LineRequest {
    pub service_id: Uuid,
    /// Seats.
    pub quantity: u32,
}

#[derive(Debug)]
pub struct PlaceOrder {
    pub order_id: Uuid,
    pub request: OrderRequest,
}

impl Command for PlaceOrder {
    const OPERATION: Operation = Operation::PlaceOrder;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = look_up(work, self.order_id, &self.request).await?;
        let customer_id = order.customer_id;
        let place = OrderCommand::Place(Box::new(order));
        work.begin::<OrderRules>(self.order_id, &place, Some(customer_id)).await?;
        Ok(Answer::resource(201, StreamId::new(AggregateType::Order, self.order_id)))
    }
}

/// The account, its customer, that one's reseller, the services and their prices: as the rules want them.
pub(super) async fn look_up(
    work: &mut Work<'_>,
    order_id: Uuid,
    request: &OrderRequest,
) -> Result<domain::order::PlaceOrder, Failure> {
    let account = work.read::<AccountRules>(request.account_id).await?;
    let account = account.state.known().ok_or(Failure::NotFound)?;
    let customer = work.customer(account.customer_id).await?;
    let customer = customer.state.known().ok_or(Failure::NotFound)?;
    let entity = work.bus().seller().entity(&customer.seller_entity);
    let today = entity.day_at(work.context.at);
    Ok(domain::order::PlaceOrder {
        order_id,
        account: OrderingAccount { account_id: account.id, status: account.status },
        customer_id: customer.id,
        reseller_id: customer.reseller_id,
        customer_suspended: is_suspended(work, customer).await?,
        customer_closed: customer.status == CustomerStatus::Closed,
        discount_percent: customer.terms.discount_percent,
        customer_is_billed: customer.reseller_id.is_none() || customer.terms.bill_to == BillTo::Customer,
        name: request.name.clone(),
        payment: request.payment,
        purchase_order: request.purchase_order.clone(),
        start_on: request.start_on,
        today,
        currency: customer.terms.currency,
        lines: lines(work, customer, &request.lines, today).await?,
        tax: treatment(entity, customer, today),
    })
}

/// How the customer is taxed on a day.
pub(super) fn treatment(entity: &SellerEntity, customer: &Customer, on: NaiveDate) -> Treatment {
    let case = TaxCase {
        seller_country: &entity.country,
        customer_country: &customer.country,
        vat_id: customer.vat_id.as_deref(),
        exempt_reason: customer.terms.tax_exempt_reason.as_deref(),
    };
    tax::treatment(&case, on)
}

async fn lines(
    work: &mut Work<'_>,
    customer: &Customer,
    requests: &[LineRequest],
    today: NaiveDate,
) -> Result<Vec<RequestedLine>, Failure> {
    let buyer =
        Buyer { customer_id: customer.id, reseller_id: customer.reseller_id, currency: customer.terms.currency };
    let ids: Vec<Uuid> = requests.iter().map(|line| line.service_id).collect();
    let book = prices::rule_book(work, &buyer, &ids).await?;
    let mut lines = Vec::with_capacity(requests.len());
    for (line, request) in (1..).zip(requests) {
        let service: Option<Service> = work.read::<ServiceRules>(request.service_id).await?.state.known().cloned();
        let price = match &service {
            Some(service) => pricing::price(&book, service, &buyer, today)?,
            None => None,
        };
        lines.push(RequestedLine { line, service_id: request.service_id, service, quantity: request.quantity, price });
    }
    Ok(lines)
}
