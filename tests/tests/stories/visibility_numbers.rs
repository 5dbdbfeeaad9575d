//! Hidden numbers: each occurs once in the world, and nobody who may not know it finds it in any answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{self, Cast, cast, new_key};
use tests::world::World;

use super::visibility::{self, Ids, Read};

/// What the provider asks for a seat, and for the three that are bought.
const COST: [&str; 2] = ["731.97", "2195.91"];
/// What the reseller pays, likewise.
const RESELLERS: [&str; 2] = ["1117.71", "3353.13"];
/// No second of a minute begins like these. In rules of the seller: for the reseller, and for a customer that has nothing to do with it.
const SELLERS_RULES: [&str; 2] = ["61.913", "71.117"];
/// In the reseller's terms.
const COMMISSION: [&str; 1] = ["82.347"];
/// In a rule of the reseller.
const RESELLERS_RULE: [&str; 1] = ["67.531"];
/// What its customer pays: for its own and for staff's eyes.
const PRICE: [&str; 2] = ["1519.93", "4559.79"];

struct Viewer<'a> {
    name: &'static str,
    client: &'a Client,
    hidden: Vec<&'static str>,
}

fn viewers(cast: &Cast) -> Vec<Viewer<'_>> {
    let sellers = [&COST[..], &SELLERS_RULES].concat();
    let customers = [&sellers[..], &RESELLERS, &COMMISSION, &RESELLERS_RULE].concat();
    let all = [&customers[..], &PRICE].concat();
    vec![
        Viewer { name: "customer", client: &cast.customer, hidden: customers },
        Viewer { name: "reseller", client: &cast.reseller, hidden: sellers },
        Viewer { name: "another customer", client: &cast.other, hidden: all.clone() },
        Viewer { name: "service", client: &cast.service, hidden: all },
        Viewer { name: "operator", client: &cast.operator, hidden: vec![] },
        Viewer { name: "auditor", client: &cast.auditor, hidden: vec![] },
    ]
}

impl Viewer<'_> {
    fn may_read(&self, of: &str, text: &str) {
        let found = self.hidden.iter().find(|number| text.contains(**number));
        assert_eq!(found, None, "the {} finds it in {of}: {text}", self.name);
    }
}

/// A world in which every hidden number can be told apart, with three seats bought at these prices.
async fn told_apart(world: &World, cast: &Cast) -> anyhow::Result<Ids> {
    let (office, shield) = (world.service("office-business")?, world.service("endpoint-shield")?);
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let euro = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let item = json!({ "sku": "office-business", "unit_cost": euro(COST[0]), "list_price": euro("1913.57") });
    story::expect(story::ask(&provider, Method::POST, "/sim/catalogue", None, Some(&item)).await?, 200)?;
    let cost = |body: &Value| body["unit_cost"]["amount"] == COST[0];
    cast.operator.wait_until(&format!("/v1/services/{office}"), cost).await?;
    let sample = &world.sample;
    let margin =
        |percent: &str, customer: &str| json!({ "customer_id": customer, "kind": "margin", "percent": percent });
    let fixed = |amount: &str, customer: &str| json!({ "customer_id": customer, "service_id": office, "kind": "fixed", "price": euro(amount) });
    let rules = [
        margin(SELLERS_RULES[0], &sample.reseller_id),
        margin(SELLERS_RULES[1], &sample.other_customer_id),
        fixed(RESELLERS[0], &sample.reseller_id),
    ];
    for (n, rule) in rules.iter().enumerate() {
        let path = format!("/v1/price-rules/0197f3a4-6f6e-7d31-9c55-00000000000{n}");
        story::expect(story::ask(&cast.operator, Method::PUT, &path, None, Some(rule)).await?, 201)?;
    }
    let terms = json!({ "commission": { "scheme": "percent", "percent": COMMISSION[0] } });
    let path = format!("/v1/customers/{}/terms", sample.reseller_id);
    story::expect(story::ask(&cast.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
    let own = "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-00000000000a";
    let markup = json!({ "service_id": shield, "kind": "markup_on_cost", "percent": RESELLERS_RULE[0] });
    story::expect(story::ask(&cast.reseller, Method::PUT, own, None, Some(&markup)).await?, 201)?;
    visibility::has_a_rule(cast, &fixed(PRICE[0], &sample.customer_id)).await?;
    visibility::bought(world, cast, office).await
}

#[tokio::test]
async fn no_answer_tells_a_number_to_whom_it_is_hidden() -> anyhow::Result<()> {
    let world = World::start_at(visibility::BEGINS).await?;
    let cast = cast(&world)?;
    let ids = told_apart(&world, &cast).await?;
    let ids = visibility::is_billed(&world, &cast, ids).await?;
    let reads = visibility::reads(&cast.operator, &ids).await?;
    for viewer in viewers(&cast) {
        let read = everything(&viewer, &world, &reads).await?;
        let staff = viewer.hidden.is_empty();
        let numbers = [&COST[..1], &RESELLERS[..1], &SELLERS_RULES, &COMMISSION, &RESELLERS_RULE, &PRICE].concat();
        let missed = numbers.iter().find(|number| staff && !read.contains(**number));
        assert_eq!(missed, None, "the {} sees everything", viewer.name);
        writes_and_refusals(&viewer, &world, &ids).await?;
    }
    Ok(())
}

/// Every GET there is, also about single customers, and what is wrong with it; all that was said.
async fn everything(viewer: &Viewer<'_>, world: &World, reads: &[Read]) -> anyhow::Result<String> {
    let sample = &world.sample;
    let customers = [&sample.customer_id, &sample.reseller_id, &sample.other_customer_id];
    let mut said = String::new();
    for read in reads {
        let more = if read.path.contains('?') { '&' } else { '?' };
        let mut paths = vec![read.path.clone(), format!("{}{more}nonsense=1", read.path)];
        let filters = customers.iter().filter(|_| read.by_customer);
        paths.extend(filters.map(|id| format!("{}{more}customer_id={id}", read.path)));
        for path in paths {
            let answer = story::look(viewer.client, &path).await?;
            viewer.may_read(&path, &answer.text);
            viewer.may_read(&path, &format!("{:?}", answer.headers));
            said.push_str(&answer.text);
        }
    }
    let audit = "/v1/audit/events?limit=100&aggregate=price_rule".to_owned();
    for path in [audit, format!("/v1/customers/{}", sample.reseller_id), "/v1/price-rules?limit=100".to_owned()] {
        let answer = story::look(viewer.client, &path).await?;
        viewer.may_read(&path, &answer.text);
        said.push_str(&answer.text);
    }
    Ok(said)
}

/// What goes wrong says no more than what goes well.
async fn writes_and_refusals(viewer: &Viewer<'_>, world: &World, ids: &Ids) -> anyhow::Result<()> {
    let order = |seats: u32| story::order_of(&ids.account, &[(&ids.service, seats)]);
    let rule = json!({ "customer_id": ids.customer, "service_id": ids.service, "kind": "margin", "percent": "0" });
    let wrong = json!({ "customer_id": ids.customer, "kind": "margin", "percent": "100" });
    let desktop = story::order_of(&ids.account, &[(world.service("virtual-desktop")?, 1)]);
    for (method, path, body) in [
        (Method::POST, "/v1/orders/quote", order(3)),
        (Method::POST, "/v1/orders/quote", order(100_000)),
        (Method::POST, "/v1/orders/quote", desktop.clone()),
        (Method::POST, "/v1/orders", desktop),
        (Method::POST, "/v1/orders", order(100_001)),
        (Method::PUT, "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-1f0f3a2b4c5d", rule),
        (Method::PUT, "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-000000000000", wrong.clone()),
        (Method::PUT, "/v1/price-rules/0197f3a4-6f6e-7d31-9c55-000000000001", wrong),
    ] {
        let answer = story::ask(viewer.client, method, path, Some(&new_key()), Some(&body)).await?;
        viewer.may_read(path, &answer.text);
    }
    let seen = story::look(viewer.client, &format!("/v1/orders/{}", ids.order)).await?;
    if seen.status == 200 {
        let price = seen.body["lines"][0]["unit_price"]["amount"].as_str().context("no price")?;
        assert_eq!(price, PRICE[0]);
    }
    Ok(())
}
