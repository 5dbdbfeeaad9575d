//! Reading the provider's catalogue: differences only.

use commands::catalogue::{SyncService, WithdrawService};
use commands::effects::Due;
use commands::index;
use domain::process::catalogue;
use domain::service::{ServiceCommand, ServiceRules};
use domain::{Actor, Asked, Decider};
use uuid::Uuid;

use crate::perform::{self, Adapter, Answered, Step, done};
use commands::effects::Performed;

impl Adapter {
    /// Reads the whole catalogue, then asks of each service what the reading means for it.
    pub(crate) async fn sync_catalogue(&self, due: &Due) -> Step {
        let offered = self.client.catalogue().await.map_err(|failure| perform::not_reached(due, &failure))?;
        let active = index::active_services(self.bus.pool(), self.client.provider()).await.map_err(|_| {
            Performed::Wait { after: std::time::Duration::from_millis(250), why: "the log is away".to_owned() }
        })?;
        let (seen, mut changed) = (offered.len(), 0);
        for (service_id, command) in catalogue::commands(&active, offered) {
            changed += u32::from(self.sync_one(due, service_id, command).await?);
        }
        Ok(done(format!("{seen} services, {changed} changed")))
    }

    /// True when it wrote something. A service that is as we know it leaves no trace, not even an outcome.
    async fn sync_one(&self, due: &Due, service_id: Uuid, command: ServiceCommand) -> Result<bool, Performed> {
        let known = self.load::<ServiceRules>(service_id).await?;
        let asked = Asked { at: self.bus.now(), by: &Actor::system("ccp-adapter"), command: &command };
        if ServiceRules::decide(&known.state, &asked).is_ok_and(|decided| decided.events.is_empty()) {
            return Ok(false);
        }
        // A sync that dies before its end is noted may read another catalogue the next time.
        let n = format!("service/{service_id}/{}", known.version);
        let answered = match command {
            ServiceCommand::Sync(item) => self.answer(due, &n, &SyncService { item }).await,
            ServiceCommand::Withdraw => self.answer(due, &n, &WithdrawService { service_id }).await,
        };
        answered.map_err(Answered::unforeseen)?;
        Ok(true)
    }
}
