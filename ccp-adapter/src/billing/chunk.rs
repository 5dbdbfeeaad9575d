//! A chunk of billed parties: asked for, then billed in one command.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use commands::billing::waits::{self, ReadBill, Waiting};
use commands::billing::{self, AccountBill, BillParties, Gathered, ParkAccounts, Party, PartyBill};
use commands::effects::Performed;
use commands::index::IndexedAccount;
use domain::Refusal;
use event_log::crash;
use futures::StreamExt;
use uuid::Uuid;

use super::ask::Asked;
use super::{Stepping, ours};
use crate::perform::{Adapter, Answered, log_away};

/// Questions under way at once.
const AT_ONCE: usize = 8;

/// What was read of a chunk, by account.
#[derive(Default)]
struct Reading {
    bills: HashMap<Uuid, ReadBill>,
    /// Read in this step.
    fresh: Vec<Uuid>,
    open: BTreeSet<Uuid>,
    broken: BTreeMap<&'static str, BTreeSet<Uuid>>,
    not_reached: BTreeSet<Uuid>,
    no_time: bool,
}

impl Adapter {
    /// Asks for the chunk and bills what can be billed. False when the time was over before everything was asked: what
    /// was read is kept. `version` is that of the run.
    pub(super) async fn bill_chunk(
        &self,
        stepping: &mut Stepping<'_>,
        chunk: &[Party],
        version: i64,
    ) -> Result<bool, Performed> {
        let accounts: Vec<&IndexedAccount> = chunk.iter().flat_map(|party| &party.accounts).collect();
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.account_id).collect();
        let mut gathered = billing::gather(&self.bus, &ids, stepping.run.period).await.map_err(ours)?;
        let mut reading = self.read_bills(stepping, &accounts, &gathered).await?;
        self.park_broken(stepping, &accounts, &reading, version).await?;
        if reading.no_time {
            self.keep_bills(stepping, &mut reading).await?;
            return Ok(false);
        }
        self.note_open(stepping, &accounts, &reading).await?;
        let mut bills = Vec::new();
        for party in chunk {
            let is_skipped = party.accounts.iter().any(|account| reading.not_reached.contains(&account.account_id));
            if is_skipped {
                stepping.skipped.insert(party.customer_id);
            }
            bills.extend(bill_of(party, &mut reading.bills, &mut gathered));
        }
        self.bill_parties(stepping, bills, version).await?;
        Ok(true)
    }

    async fn read_bills(
        &self,
        stepping: &mut Stepping<'_>,
        accounts: &[&IndexedAccount],
        gathered: &HashMap<Uuid, Gathered>,
    ) -> Result<Reading, Performed> {
        let ids: Vec<Uuid> = accounts.iter().map(|account| account.account_id).collect();
        let kept = waits::kept_bills(self.bus.pool(), stepping.run.run_id, &ids).await.map_err(log_away)?;
        let mut reading = Reading { bills: kept.into_iter().collect(), ..Reading::default() };
        let wanted = accounts.iter().filter(|account| !reading.bills.contains_key(&account.account_id));
        let wanted = wanted.filter_map(|account| Some((*account, gathered.get(&account.account_id)?)));
        let shared: &Stepping<'_> = stepping;
        let questions: Vec<_> = wanted
            .map(|(account, ours)| async move { (account.account_id, self.ask(shared, account, ours).await) })
            .collect();
        let answers: Vec<(Uuid, Asked)> = futures::stream::iter(questions).buffer_unordered(AT_ONCE).collect().await;
        for (account, asked) in answers {
            match asked {
                Asked::Bill(bill) => {
                    reading.bills.insert(account, bill);
                    reading.fresh.push(account);
                }
                Asked::Open => {
                    reading.open.insert(account);
                }
                Asked::Broken(reason) => {
                    reading.broken.entry(reason).or_default().insert(account);
                }
                Asked::NotReached(failure) => {
                    reading.not_reached.insert(account);
                    stepping.failure = Some(failure);
                }
                Asked::NoTime => reading.no_time = true,
            }
        }
        Ok(reading)
    }

    async fn park_broken(
        &self,
        stepping: &Stepping<'_>,
        accounts: &[&IndexedAccount],
        reading: &Reading,
        version: i64,
    ) -> Result<(), Performed> {
        for (n, (reason, broken)) in reading.broken.iter().enumerate() {
            let accounts = accounts.iter().filter(|account| broken.contains(&account.account_id));
            let accounts = accounts.map(|account| (account.account_id, account.customer_id)).collect();
            let park = ParkAccounts { run_id: stepping.run.run_id, accounts, reason: (*reason).to_owned() };
            self.answer(stepping.due, &format!("park/{n}/{version}"), &park).await.map_err(Answered::unforeseen)?;
        }
        Ok(())
    }

    async fn keep_bills(&self, stepping: &Stepping<'_>, reading: &mut Reading) -> Result<(), Performed> {
        let bills = &mut reading.bills;
        let fresh: Vec<(Uuid, ReadBill)> =
            reading.fresh.iter().filter_map(|account| Some((*account, bills.remove(account)?))).collect();
        waits::keep_bills(self.bus.pool(), stepping.run.run_id, &fresh).await.map_err(log_away)
    }

    async fn note_open(
        &self,
        stepping: &Stepping<'_>,
        accounts: &[&IndexedAccount],
        reading: &Reading,
    ) -> Result<(), Performed> {
        if reading.open.is_empty() {
            return Ok(());
        }
        let open = accounts.iter().filter(|account| reading.open.contains(&account.account_id));
        let waiting =
            |account: &&IndexedAccount| Waiting { account_id: account.account_id, customer_id: account.party };
        let waiting: Vec<Waiting> = open.map(waiting).collect();
        let run = (stepping.run.run_id, stepping.run.period);
        waits::note(self.bus.pool(), run, &waiting, stepping.now).await.map_err(log_away)
    }

    /// All in one append. What cannot be reckoned is found by billing each party alone, and parked: it must not stop
    /// the others.
    async fn bill_parties(
        &self,
        stepping: &Stepping<'_>,
        bills: Vec<PartyBill>,
        version: i64,
    ) -> Result<(), Performed> {
        if bills.is_empty() {
            return Ok(());
        }
        let refused = match self.bill_together(stepping, bills, version).await? {
            None => return Ok(()),
            Some(refused) => refused,
        };
        let (alone, refusal) = refused;
        if let [party] = &alone[..] {
            return self.park_party(stepping, party, &refusal, version).await;
        }
        for party in alone {
            if let Some((party, refusal)) = self.bill_together(stepping, vec![party], version).await? {
                self.park_party(stepping, &party[0], &refusal, version).await?;
            }
        }
        Ok(())
    }

    /// Gives them back with the refusal that they met.
    async fn bill_together(
        &self,
        stepping: &Stepping<'_>,
        parties: Vec<PartyBill>,
        version: i64,
    ) -> Result<Option<(Vec<PartyBill>, Refusal)>, Performed> {
        let Some(first) = parties.first().map(|party| party.customer_id) else { return Ok(None) };
        let accounts: Vec<Uuid> =
            parties.iter().flat_map(|party| &party.accounts).map(|bill| bill.account_id).collect();
        let n = format!("bill/{first}/{}/{version}", parties.len());
        let command = BillParties { run_id: stepping.run.run_id, parties };
        crash::point("billing.before_append");
        let answered = self.answer(stepping.due, &n, &command).await;
        crash::point("billing.after_append");
        match answered {
            Ok(()) => {
                let forgotten = waits::forget(self.bus.pool(), stepping.run.run_id, Some(&accounts)).await;
                forgotten.map_err(log_away)?;
                Ok(None)
            }
            Err(Answered::Refused(refusal)) => Ok(Some((command.parties, refusal))),
            Err(Answered::Stop(performed)) => Err(performed),
        }
    }

    async fn park_party(
        &self,
        stepping: &Stepping<'_>,
        party: &PartyBill,
        refusal: &Refusal,
        version: i64,
    ) -> Result<(), Performed> {
        tracing::warn!(customer = %party.customer_id, %refusal, "a billed party cannot be billed");
        let accounts = party.accounts.iter().map(|bill| (bill.account_id, bill.customer_id)).collect();
        let reason = format!("It cannot be billed: {refusal}");
        let park = ParkAccounts { run_id: stepping.run.run_id, accounts, reason };
        let n = format!("park/{}/{version}", party.customer_id);
        self.answer(stepping.due, &n, &park).await.map_err(Answered::unforeseen)
    }
}

/// `None` as long as the bill of any of its accounts is missing.
fn bill_of(
    party: &Party,
    bills: &mut HashMap<Uuid, ReadBill>,
    gathered: &mut HashMap<Uuid, Gathered>,
) -> Option<PartyBill> {
    if !party.accounts.iter().all(|account| bills.contains_key(&account.account_id)) {
        return None;
    }
    let bill = |account: &IndexedAccount| {
        let read = bills.remove(&account.account_id)?;
        let ours = gathered.remove(&account.account_id)?;
        Some(AccountBill {
            account_id: account.account_id,
            customer_id: account.customer_id,
            months: read.months,
            lines: read.lines,
            history: ours.history,
        })
    };
    let accounts = party.accounts.iter().filter_map(bill).collect();
    Some(PartyBill { customer_id: party.customer_id, accounts })
}
