//! What a catalogue sync means for a service.

use super::{CatalogueItem, Service, ServiceCommand, ServiceEvent, ServiceState, ServiceStatus};
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &ServiceState,
    asked: &Asked<'_, ServiceCommand>,
) -> Result<Decided<ServiceEvent>, Refusal> {
    match (state, asked.command) {
        (ServiceState::Unknown, ServiceCommand::Sync(item)) => Ok(listed(item).into()),
        (ServiceState::Known(service), ServiceCommand::Sync(item)) => Ok(sync(service, item).into()),
        (ServiceState::Known(service), ServiceCommand::Withdraw) => Ok(withdraw(service)),
        (ServiceState::Unknown, ServiceCommand::Withdraw) => Err(Refusal::NotFound),
    }
}

fn listed(item: &CatalogueItem) -> ServiceEvent {
    ServiceEvent::ServiceListed {
        service_id: item.service_id,
        provider: item.provider.clone(),
        sku: item.sku.clone(),
        offer: item.offer.clone(),
        list_price: item.list_price,
        unit_cost: item.unit_cost,
    }
}

fn sync(service: &Service, item: &CatalogueItem) -> Vec<ServiceEvent> {
    match service.status {
        ServiceStatus::Withdrawn => vec![listed(item)],
        ServiceStatus::Active => changed(service, item).into_iter().chain(repriced(service, item)).collect(),
    }
}

fn changed(service: &Service, item: &CatalogueItem) -> Option<ServiceEvent> {
    (service.offer != item.offer).then(|| ServiceEvent::ServiceChanged { offer: item.offer.clone() })
}

fn repriced(service: &Service, item: &CatalogueItem) -> Option<ServiceEvent> {
    let CatalogueItem { list_price, unit_cost, .. } = *item;
    let same = service.list_price == list_price && service.unit_cost == unit_cost;
    (!same).then_some(ServiceEvent::ServicePriceChanged { list_price, unit_cost })
}

fn withdraw(service: &Service) -> Decided<ServiceEvent> {
    match service.status {
        ServiceStatus::Active => ServiceEvent::ServiceWithdrawn {}.into(),
        ServiceStatus::Withdrawn => Decided::nothing(),
    }
}
