//! Every operation, asked for by every role about everybody's things, well-formed and not: the table of who may do what
//! says what must come of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use commands::authorise::{Cell, Operation, Row, TABLE};
use serde_json::{Value, json};
use tests::client::Answer;

use crate::forge;
use crate::ground::{Ask, Ground, comparable, shown};
use crate::shapes::{self, Documented, Form, Names, Shape, Things};

/// Whose thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Reseller,
    /// The customer that asks; the reseller's.
    EndCustomer,
    /// Another of the same reseller.
    Sibling,
    /// Nobody's of these.
    Stranger,
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Nobody,
    Customer,
    Reseller,
    Operator,
    Auditor,
    Service,
    /// A token whose role is not that of its customer.
    Misfit,
}

const OWNERS: [Owner; 5] = [Owner::Reseller, Owner::EndCustomer, Owner::Sibling, Owner::Stranger, Owner::Absent];
const FORMS: [Form; 3] = [Form::Good, Form::Malformed, Form::UnknownField];
/// Operations without a token of their own.
const OPEN: [&str; 6] =
    ["deliver_ccp_webhook", "deliver_payment_webhook", "make_token", "get_jwks", "move_clock", "get_clock"];
/// What takes something away comes last, in this order; who was suspended goes on at the end.
const LAST: [Operation; 5] = [
    Operation::CancelOrder,
    Operation::CloseAccount,
    Operation::RebuildProjection,
    Operation::SuspendCustomer,
    Operation::ReinstateCustomer,
];

/// What must come of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Problem(u16, &'static str),
    EmptyList,
    Done(&'static [u16]),
}

#[tokio::test]
async fn the_table_of_rights_holds_in_every_cell() {
    let ground = Ground::new().await;
    let matrix = Matrix::new(&ground).await;
    every_operation_has_its_row_and_case(&ground);
    ground.quiet().await;
    let mut cells = matrix.cells();
    cells.sort_by_key(|cell| LAST.iter().position(|last| *last == cell.row.operation));
    let (done, refused): (Vec<_>, Vec<_>) = cells.iter().partition(|cell| matches!(cell.expected(), Expected::Done(_)));
    for cell in &refused {
        matrix.try_refused(cell).await;
    }
    matrix.foreign_equals_absent(&refused).await;
    for cell in &done {
        matrix.try_done(cell).await;
    }
    assert!(refused.len() > 2_000 && done.len() > 200, "{} and {} cells", refused.len(), done.len());
    ground.quiet().await;
    ground.finish().await;
}

fn every_operation_has_its_row_and_case(ground: &Ground) {
    let documented = shapes::documented();
    for operation in &documented {
        let row = TABLE.iter().any(|row| row.operation.name() == operation.id);
        let open = OPEN.contains(&operation.id.as_str());
        ground.check(&operation.id, row != open, "an operation has a row in the table, or needs no token");
        ground.check(&operation.id, operation.needs_token == row, "the document is wrong about its token");
        ground.check(&operation.id, open || shapes::of(&operation.id).is_some(), "no case here says how it is asked");
    }
    for row in TABLE.iter().filter(|row| row.operation != Operation::System) {
        let known = documented.iter().any(|operation| operation.id == row.operation.name());
        ground.check(row.operation.name(), known, "a row of the table has no operation in the document");
    }
}

struct Matrix<'a> {
    ground: &'a Ground,
    things: Vec<(Owner, Things)>,
    callers: Vec<(Role, Option<String>)>,
    operations: Vec<Documented>,
}

struct Case<'a> {
    row: &'static Row,
    operation: &'a Documented,
    shape: Shape,
    role: Role,
    token: Option<&'a str>,
    owner: Owner,
    things: &'a Things,
    form: Form,
}

impl Case<'_> {
    fn name(&self) -> String {
        let Self { role, owner, form, .. } = self;
        format!("{} by {role:?} about {owner:?}'s, {form:?}", self.operation.id)
    }

    fn ask(&self) -> Ask {
        let ask = self.shape.request(self.operation, self.things, self.form);
        self.token.map_or(ask.clone(), |token| ask.by(token))
    }

    /// What the table says, in the order in which requests are checked.
    fn expected(&self) -> Expected {
        let row = self.row;
        let cells: &[Cell] = match self.role {
            Role::Nobody => return Expected::Problem(401, "unauthenticated"),
            Role::Misfit => return Expected::Problem(403, "forbidden"),
            Role::Customer => &[row.customer],
            Role::Reseller => &[row.reseller_own, row.reseller_sub],
            Role::Operator => &[row.operator],
            Role::Auditor => &[row.auditor],
            Role::Service => &[row.service],
        };
        if !cells.contains(&Cell::Yes) {
            return Expected::Problem(403, "forbidden");
        }
        if self.form != Form::Good {
            let (status, slug) = Shape::complaint(self.operation, self.form);
            return Expected::Problem(status, slug);
        }
        match self.shape.names {
            Names::Nothing => Expected::Done(self.shape.allowed),
            Names::Reseller if self.owner == Owner::Reseller => Expected::Done(self.shape.allowed),
            Names::Reseller => Expected::Problem(422, "invalid-reseller"),
            Names::Thing | Names::Filter => self.about_a_thing(),
        }
    }

    fn about_a_thing(&self) -> Expected {
        let cell = match (self.role, self.owner) {
            (_, Owner::Absent) => return self.invisible(),
            (Role::Customer, Owner::EndCustomer) => self.row.customer,
            (Role::Reseller, Owner::Reseller) => self.row.reseller_own,
            (Role::Reseller, Owner::EndCustomer | Owner::Sibling) => self.row.reseller_sub,
            (Role::Customer | Role::Reseller, _) => return self.invisible(),
            _ => Cell::Yes,
        };
        if cell == Cell::Yes { Expected::Done(self.shape.allowed) } else { Expected::Problem(403, "forbidden") }
    }

    fn invisible(&self) -> Expected {
        if self.shape.names == Names::Filter { Expected::EmptyList } else { Expected::Problem(404, "not-found") }
    }
}

impl<'a> Matrix<'a> {
    async fn new(ground: &'a Ground) -> Self {
        let things = things(ground).await;
        let tokens = &ground.world.tokens;
        let mut callers = vec![
            (Role::Nobody, None),
            (Role::Customer, tokens.customer.clone()),
            (Role::Reseller, tokens.reseller.clone()),
            (Role::Operator, Some(tokens.operator.clone())),
            (Role::Auditor, Some(tokens.auditor.clone())),
            (Role::Service, Some(tokens.service.clone())),
        ];
        let (site, sample) = (ground.world.site(), &ground.world.sample);
        let misfits =
            [("customer", sample.reseller_id.as_str()), ("reseller", &sample.customer_id), ("customer", ABSENT)];
        for (role, customer) in misfits {
            callers.push((Role::Misfit, Some(site.token(role, Some(customer)).await.unwrap())));
        }
        Self { ground, things, callers, operations: shapes::documented() }
    }

    fn cells(&self) -> Vec<Case<'_>> {
        let mut cells = Vec::new();
        for operation in &self.operations {
            let row = TABLE.iter().find(|row| row.operation.name() == operation.id);
            let (Some(row), Some(shape)) = (row, shapes::of(&operation.id)) else { continue };
            for (role, token) in &self.callers {
                for (owner, things) in &self.things {
                    let case = |form| Case {
                        row,
                        operation,
                        shape,
                        role: *role,
                        token: token.as_deref(),
                        owner: *owner,
                        things,
                        form,
                    };
                    cells.extend(FORMS.map(case));
                }
            }
        }
        cells
    }

    async fn try_refused(&self, case: &Case<'_>) {
        let name = case.name();
        match case.expected() {
            Expected::Problem(status, slug) => {
                self.ground.refused(&name, case.ask(), status, slug).await;
            }
            _ => {
                let answer = self.ground.accepted(&name, case.ask(), 200).await;
                self.ground.check(&name, answer.body["data"] == json!([]), shown(&answer.text));
            }
        }
    }

    async fn try_done(&self, case: &Case<'_>) {
        let answer = self.ground.send(&case.ask()).await;
        let wrong = || format!("{} {}", answer.status, shown(&answer.text));
        let Expected::Done(allowed) = case.expected() else { return };
        self.ground.check(&case.name(), allowed.contains(&answer.status), wrong());
    }

    /// Whoever asks for a stranger's thing must not learn that it exists.
    async fn foreign_equals_absent(&self, refused: &[&Case<'_>]) {
        let invisible = |case: &&&Case<'_>| {
            let about = matches!(case.shape.names, Names::Thing | Names::Filter | Names::Reseller);
            about && matches!(case.role, Role::Customer | Role::Reseller) && case.owner == Owner::Absent
        };
        for absent in refused.iter().filter(invisible) {
            let expected = comparable(&self.ground.send(&absent.ask()).await);
            let same = |other: &&&Case<'_>| {
                let asked = (&absent.operation.id, absent.role, absent.form);
                (&other.operation.id, other.role, other.form) == asked && other.owner != Owner::Absent
            };
            for foreign in refused.iter().filter(same).filter(|other| other.expected() == absent.expected()) {
                let answer: Answer = self.ground.send(&foreign.ask()).await;
                let equal = without_position(comparable(&answer)) == without_position(expected.clone());
                self.ground.check(&foreign.name(), equal, "differs from what is said about something absent");
            }
        }
    }
}

type Comparable = (u16, Vec<(String, String)>, Value);

/// How far a read model is does not depend on what is asked for.
fn without_position((status, headers, body): Comparable) -> Comparable {
    (status, headers.into_iter().filter(|(name, _)| name != "read-position").collect(), body)
}

const ABSENT: &str = "0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d";

async fn things(ground: &Ground) -> Vec<(Owner, Things)> {
    let sample = &ground.world.sample;
    let sibling = customer(ground, "Sibling").await;
    let mut all = Vec::new();
    for (owner, customer) in [
        (Owner::Reseller, &sample.reseller_id),
        (Owner::EndCustomer, &sample.customer_id),
        (Owner::Sibling, &sibling),
        (Owner::Stranger, &sample.other_customer_id),
    ] {
        all.push((owner, things_of(ground, customer).await));
    }
    let [customer, account, order, scheduled, subscription] = [ABSENT; 5].map(str::to_owned);
    let service = ground.world.service("office-business").unwrap().to_owned();
    all.push((Owner::Absent, Things { customer, account, order, scheduled, subscription, service }));
    assert!(OWNERS.iter().zip(&all).all(|(owner, (of, _))| owner == of));
    all
}

async fn customer(ground: &Ground, name: &str) -> String {
    let body = json!({
        "name": name, "kind": "direct", "country": "DE", "currency": "EUR",
        "contact": { "name": "Ada", "email": "ada@sibling.example" },
    });
    let reseller = ground.world.reseller().unwrap();
    reseller.post("/v1/customers", name, &body, 201).await.unwrap().id().unwrap()
}

async fn things_of(ground: &Ground, customer: &str) -> Things {
    let operator = ground.world.operator().unwrap();
    let body = json!({ "customer_id": customer, "name": "Main" });
    let account = operator.post("/v1/accounts", &format!("account/{customer}"), &body, 201).await.unwrap();
    let account = account.id().unwrap();
    let active = |body: &Value| body["status"] == "active";
    operator.wait_until(&format!("/v1/accounts/{account}"), active).await.unwrap();
    let body = ground.order_for(&account, 2);
    let order = operator.post("/v1/orders", &format!("order/{customer}"), &body, 201).await.unwrap().id().unwrap();
    let fulfilled = |body: &Value| body["status"] == "fulfilled";
    let shown = operator.wait_until(&format!("/v1/orders/{order}"), fulfilled).await.unwrap();
    let subscription = shown.body["lines"][0]["subscription_id"].as_str().unwrap().to_owned();
    let mut later = body;
    later["start_on"] = json!(forge::day(30));
    let scheduled = operator.post("/v1/orders", &format!("later/{customer}"), &later, 201).await.unwrap();
    let service = ground.world.service("office-business").unwrap().to_owned();
    let scheduled = scheduled.id().unwrap();
    Things { customer: customer.to_owned(), account, order, scheduled, subscription, service }
}
