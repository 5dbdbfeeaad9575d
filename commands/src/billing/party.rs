//! A billed party and the terms on which it is billed, read when its lines are invoiced.

use std::collections::{BTreeSet, HashMap};

use domain::billing::{EndCustomer, LineTerms, Period, Route};
use domain::customer::{Commission, Customer, CustomerRules};
use domain::tax::{self, TaxCase, Treatment};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{AccountBill, PartyBill};
use crate::seller::SellerEntity;
use crate::{Bus, Failure, Work};

/// The party, and everybody whose accounts it may be billed for.
#[derive(Debug, Clone)]
pub(super) struct BilledPartyTerms {
    pub customer: Customer,
    pub entity: SellerEntity,
    /// Of its reseller, where it has one.
    commission: Option<Commission>,
    owners: HashMap<Uuid, Customer>,
}

impl BilledPartyTerms {
    /// For an append, which checks that they still hold.
    pub async fn read(work: &mut Work<'_>, bill: &PartyBill) -> Result<Self, Failure> {
        let mut customers = HashMap::new();
        for id in concerned(bill) {
            let customer = work.read::<CustomerRules>(id).await?;
            customers.extend(customer.state.known().map(|customer| (id, customer.clone())));
        }
        if let Some(reseller) = reseller_of(&customers, bill) {
            let customer = work.read::<CustomerRules>(reseller).await?;
            customers.extend(customer.state.known().map(|customer| (reseller, customer.clone())));
        }
        Self::of(work.bus(), customers, bill)
    }

    fn of(bus: &Bus, owners: HashMap<Uuid, Customer>, bill: &PartyBill) -> Result<Self, Failure> {
        let customer = owners.get(&bill.customer_id).cloned().ok_or(Failure::NotFound)?;
        let reseller = customer.reseller_id.and_then(|reseller| owners.get(&reseller));
        let commission = reseller.map(|reseller| reseller.terms.commission.clone());
        let entity = bus.seller().entity(&customer.seller_entity).clone();
        Ok(Self { customer, entity, commission, owners })
    }

    /// Who is billed may have changed since the run looked: then the account is another party's.
    pub fn pays_for(&self, bill: &AccountBill) -> bool {
        let owner = self.owners.get(&bill.customer_id);
        owner.is_some_and(|owner| route(owner).billed_party(owner.id) == self.customer.id)
    }

    /// How a line of that account is priced.
    pub fn line_terms(&self, bill: &AccountBill) -> Option<LineTerms<'_>> {
        let owner = self.owners.get(&bill.customer_id)?;
        let route = route(owner);
        let end_customer = match route {
            Route::Own | Route::Agency { .. } => None,
            Route::Resale { .. } => {
                Some(EndCustomer { name: &owner.name, discount_percent: owner.terms.discount_percent })
            }
        };
        let discount_percent = match route {
            Route::Own | Route::Agency { .. } => self.customer.terms.discount_percent,
            Route::Resale { .. } => Decimal::ZERO,
        };
        let commission = match route {
            Route::Agency { .. } => self.commission.as_ref(),
            Route::Own | Route::Resale { .. } => None,
        };
        Some(LineTerms { route, discount_percent, commission, end_customer })
    }

    /// On the last day of the period.
    pub fn treatment(&self, period: Period) -> Treatment {
        let case = TaxCase {
            seller_country: &self.entity.country,
            customer_country: &self.customer.country,
            vat_id: self.customer.vat_id.as_deref(),
            exempt_reason: self.customer.terms.tax_exempt_reason.as_deref(),
        };
        tax::treatment(&case, period.last_day())
    }

    /// Its own accounts first, then those of its end customers by name.
    pub fn rank(&self, bill: &AccountBill) -> (bool, &str, Uuid) {
        let name = self.owners.get(&bill.customer_id).map_or("", |owner| owner.name.as_str());
        (bill.customer_id != self.customer.id, name, bill.account_id)
    }
}

fn route(owner: &Customer) -> Route {
    Route::of(owner.reseller_id, owner.terms.bill_to)
}

fn concerned(bill: &PartyBill) -> BTreeSet<Uuid> {
    bill.accounts.iter().map(|account| account.customer_id).chain([bill.customer_id]).collect()
}

fn reseller_of(customers: &HashMap<Uuid, Customer>, bill: &PartyBill) -> Option<Uuid> {
    customers.get(&bill.customer_id)?.reseller_id
}
