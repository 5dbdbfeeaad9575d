//! What the provider's catalogue says now. A service that is as we know it writes nothing.

use domain::service::{CatalogueItem, ServiceCommand, ServiceRules};
use domain::{AggregateType, StreamId};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work};

#[derive(Debug)]
pub struct SyncService {
    pub item: CatalogueItem,
}

impl Command for SyncService {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.item.service_id;
        work.decide::<ServiceRules>(id, &ServiceCommand::Sync(self.item.clone()), None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Service, id)))
    }
}

/// It is no longer in the catalogue.
#[derive(Debug)]
pub struct WithdrawService {
    pub service_id: Uuid,
}

impl Command for WithdrawService {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        work.decide::<ServiceRules>(self.service_id, &ServiceCommand::Withdraw, None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Service, self.service_id)))
    }
}
