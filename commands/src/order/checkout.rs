//! Having a prepaid order paid.

use domain::account::AccountRules;
use domain::customer::Customer;
use domain::order::{self, Order, OrderCommand, OrderRules};
use domain::payment::{Payable, PaymentCommand, PaymentMeans, PaymentRules, StartPayment, StartedPayment};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use super::place::treatment;
use crate::{Answer, Command, Failure, Operation, Work};

/// Its total is asked for, by the gateway of its customer's terms. The gateway is called later, as an effect of this.
#[derive(Debug)]
pub struct CheckOutOrder {
    /// New for every request.
    pub payment_id: Uuid,
    pub order_id: Uuid,
}

impl Command for CheckOutOrder {
    const OPERATION: Operation = Operation::CheckOutOrder;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let order = work.read::<OrderRules>(self.order_id).await?;
        let order = order.state.known().ok_or(Failure::NotFound)?;
        let customer = work.customer(order.details.customer_id).await?;
        let customer = customer.state.known().ok_or(Failure::NotFound)?;
        // The order first: it is what the caller's `If-Match` is about.
        let entity = work.bus().seller().entity(&customer.seller_entity);
        let tax = Some(treatment(entity, customer, entity.day_at(work.context.at)));
        let request = OrderCommand::RequestPayment { payment_id: self.payment_id, tax };
        work.decide::<OrderRules>(self.order_id, &request, Some(customer.id)).await?;
        let order = work.read::<OrderRules>(self.order_id).await?;
        let order = order.state.known().ok_or(Failure::NotFound)?;
        // Nothing is taken for what cannot be delivered.
        let account = work.read::<AccountRules>(order.details.account_id).await?;
        if let Some(refusal) = account.state.known().and_then(|account| order::unusable(account.status)) {
            return Err(refusal.into());
        }
        let start = StartPayment { started: self.started(order, customer), reference: None };
        work.decide::<PaymentRules>(self.payment_id, &PaymentCommand::Start(Box::new(start)), Some(customer.id))
            .await?;
        Ok(Answer::resource(202, StreamId::new(AggregateType::Payment, self.payment_id)))
    }
}

impl CheckOutOrder {
    fn started(&self, order: &Order, customer: &Customer) -> StartedPayment {
        StartedPayment {
            payment_id: self.payment_id,
            customer_id: customer.id,
            reseller_id: customer.reseller_id,
            seller_entity: customer.seller_entity.clone(),
            payable: Payable::Order(self.order_id),
            amount: order.details.total,
            means: PaymentMeans::from(customer.terms.gateway),
            automatic: false,
            reference: None,
        }
    }
}
