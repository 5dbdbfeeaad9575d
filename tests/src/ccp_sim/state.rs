//! What the provider knows, in memory: rebuilt from rows, changed by rows.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};

use super::faults::Fault;
use super::rows::{Account, Closing, Effect, Endpoint, Item, Line, Row};
use super::rows::{Operation, OperationStatus, Order, OrderStatus, Subscription};
use super::world::{Change, Own};
use super::{calendar, completion, days, hooks};
use crate::sim::Model;
use crate::sim::hooks::{Hook, Recipient};
use crate::sim::memory::Memory;
use crate::sim::table::Table;

#[derive(Default)]
pub struct State {
    memory: Memory,
    pub today: NaiveDate,
    pub items: BTreeMap<String, Item>,
    pub previous_items: BTreeMap<String, Item>,
    pub accounts: Table<Account>,
    pub account_by_ref: HashMap<String, String>,
    pub orders: Table<Order>,
    pub order_by_ref: HashMap<String, String>,
    pub subscriptions: Table<Subscription>,
    pub operations: Table<Operation>,
    /// What completes when, in real time.
    pub due: BTreeSet<(DateTime<Utc>, Due)>,
    /// By account and period.
    pub lines: BTreeMap<(String, String), Vec<Line>>,
    /// By id of the line: where it is.
    line_by_id: HashMap<String, (String, String)>,
    /// The days on which bills close, by period, where a script set them.
    pub closings: BTreeMap<String, NaiveDate>,
    pub effects: Vec<Effect>,
    pub endpoint: Option<Endpoint>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    Order(String),
    Operation(String),
}

impl State {
    /// The item as it can be ordered: known and not withdrawn.
    pub fn offered(&self, sku: &str) -> Option<&Item> {
        self.items.get(sku).filter(|item| !item.withdrawn)
    }

    fn put_account(&mut self, account: Account) {
        self.account_by_ref.insert(account.external_ref.clone(), account.account_id.clone());
        self.accounts.put(account);
    }

    fn put_order(&mut self, order: Order) {
        self.order_by_ref.insert(order.external_ref.clone(), order.order_id.clone());
        let waits = order.status == OrderStatus::Accepted;
        self.set_due(order.due_at, Due::Order(order.order_id.clone()), waits);
        self.orders.put(order);
    }

    fn put_operation(&mut self, operation: Operation) {
        let waits = operation.status == OperationStatus::Running;
        self.set_due(operation.due_at, Due::Operation(operation.operation_id.clone()), waits);
        self.operations.put(operation);
    }

    fn set_due(&mut self, at: DateTime<Utc>, what: Due, waits: bool) {
        if waits {
            self.due.insert((at, what));
        } else {
            self.due.remove(&(at, what));
        }
    }

    fn put_item(&mut self, item: Item) {
        let sku = item.sku.clone();
        if let Some(previous) = self.items.insert(sku.clone(), item) {
            self.previous_items.insert(sku, previous);
        }
    }

    /// A line keeps its place on its bill.
    fn put_line(&mut self, line: Line) {
        let place = (line.account_id.clone(), calendar::period(line.from));
        let is_new = self.line_by_id.insert(line.line_id.clone(), place.clone()).is_none();
        let lines = self.lines.entry(place).or_default();
        if is_new {
            lines.push(line);
        } else if let Some(known) = lines.iter_mut().find(|known| known.line_id == line.line_id) {
            *known = line;
        }
    }

    pub fn line(&self, id: &str) -> Option<&Line> {
        self.lines.get(self.line_by_id.get(id)?)?.iter().find(|line| line.line_id == id)
    }

    /// Whether the bills of a month, which begins with that day, are complete.
    pub fn is_closed(&self, period: &str, first_day: NaiveDate) -> bool {
        let on = self.closings.get(period).copied();
        self.today >= on.unwrap_or_else(|| calendar::after(first_day, 1))
    }
}

impl Model for State {
    type Own = Own;
    type Row = Row;
    type Fault = Fault;

    fn apply(&mut self, row: Row) {
        match row {
            Row::Account(account) => self.put_account(account),
            Row::Order(order) => self.put_order(order),
            Row::Subscription(subscription) => self.subscriptions.put(*subscription),
            Row::Operation(operation) => self.put_operation(operation),
            Row::Item(item) => self.put_item(*item),
            Row::Line(line) => self.put_line(line),
            Row::Closing(Closing { period, on }) => {
                self.closings.insert(period, on);
            }
            Row::Effect(effect) => self.effects.push(effect),
            Row::Endpoint(endpoint) => self.endpoint = Some(endpoint),
            Row::Today(day) => self.today = day,
            Row::Remembered(row) => self.memory.apply(row),
        }
    }

    fn memory(&self) -> &Memory {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    fn beginning(now: DateTime<Utc>) -> Vec<Row> {
        vec![Row::Today(now.date_naive())]
    }

    fn catch_up(change: &mut Change<'_>) {
        days::catch_up(change);
    }

    fn complete_due(change: &mut Change<'_>) {
        completion::complete_due(change);
    }

    fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due.first().map(|(at, _)| *at)
    }

    fn unfinished(&self) -> usize {
        self.due.len()
    }

    fn recipient(&self, _: &Own, _: &Hook, real_now: DateTime<Utc>) -> Option<Recipient> {
        self.endpoint.as_ref().map(|endpoint| hooks::recipient(endpoint, real_now))
    }
}
