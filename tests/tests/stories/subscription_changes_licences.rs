//! Who uses which licence, and who may change whose subscription.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, Cast, all_pages, cast, each, header, new_key};
use tests::world::World;

use crate::subscription_changes::{asks, days_ahead, has, licences, may_not, settles_after};

const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

fn assignment(path: &str, licence: &Value) -> String {
    format!("{path}/licences/{}/assignment", licence["id"].as_str().unwrap())
}

async fn assigns(client: &Client, path: &str, key: &str, user: &str) -> anyhow::Result<Answer> {
    story::ask(client, Method::PUT, path, Some(key), Some(&json!({ "user": user }))).await
}

/// What was answered is in the list at its position, under the subscription's version.
async fn is_listed(client: &Client, path: &str, answer: &Answer) -> anyhow::Result<()> {
    let listed = client.get_at(&format!("{path}/licences?limit=100"), answer.position()?).await?;
    assert!(story::data(&listed).contains(&answer.body), "{} is not in {}", answer.text, listed.text);
    let version = client.get_at(path, answer.position()?).await?.body["version"].clone();
    assert_eq!(header(answer, "etag"), Some(format!("\"{version}\"").as_str()));
    Ok(())
}

#[tokio::test]
async fn a_licence_has_a_user() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let customer = &cast.customer;
    let path = has(&world, customer, "office-business", 3).await?;
    let before = licences(customer, &path).await?;
    let (first, key) = (assignment(&path, &before[0]), new_key());
    let ada = story::expect(assigns(customer, &first, &key, "Ada Quillfeather").await?, 200)?;
    assert_eq!((&ada.body["assigned_to"], &ada.body["key"]), (&json!("Ada Quillfeather"), &before[0]["key"]));
    assert!(ada.body["assigned_at"].is_string() && ada.body["added_on"] == before[0]["added_on"], "{}", ada.text);
    is_listed(customer, &path, &ada).await?;

    // Who has it already gets it again without an event, whoever asks; an old version is an old version all the same.
    for client in [customer, &cast.reseller] {
        let same = story::expect(assigns(client, &first, &new_key(), "Ada Quillfeather").await?, 200)?;
        assert_eq!((&same.body, header(&same, "etag")), (&ada.body, header(&ada, "etag")));
    }
    let request = customer.request(Method::PUT, &first).header("If-Match", "\"1\"");
    let stale = customer.send(request.json(&json!({ "user": "Ada Quillfeather" }))).await?;
    story::refused(customer, &stale, 412, "precondition-failed").await?;
    let assigned = "select aggregate_id from events where event_type = 'LicenceAssigned'";
    assert_eq!(story::texts(&world, assigned).await?.len(), 1);

    let grace = story::expect(assigns(&cast.reseller, &first, &new_key(), "Grace Quillfeather").await?, 200)?;
    assert_eq!(grace.body["assigned_to"], "Grace Quillfeather");
    is_listed(&cast.reseller, &path, &grace).await?;
    let second = assignment(&path, &before[1]);
    let staff = story::expect(assigns(&cast.operator, &second, &new_key(), "Edsger Quillfeather").await?, 200)?;
    let whole = before[1]["key"].as_str().unwrap();
    assert_eq!(staff.body["key"], whole[whole.len() - 5..]);
    is_listed(&cast.operator, &path, &staff).await?;

    // The first answer stays what it was, and reaches nobody else.
    let again = assigns(customer, &first, &key, "Ada Quillfeather").await?;
    assert_eq!((again.status, &again.text), (200, &ada.text));
    let other = assigns(customer, &first, &key, "Somebody").await?;
    story::refused(customer, &other, 422, "idempotency-key-reused").await?;

    let take = || story::ask(customer, Method::DELETE, &first, None, None);
    let taken = story::expect(take().await?, 200)?;
    assert_eq!((&taken.body["assigned_to"], &taken.body["assigned_at"]), (&Value::Null, &Value::Null));
    is_listed(customer, &path, &taken).await?;
    let once_more = story::expect(take().await?, 200)?;
    assert_eq!((&once_more.body, header(&once_more, "etag")), (&taken.body, header(&taken, "etag")));
    let what = each(&all_pages(customer, &format!("{path}/history"), 100).await?, "what");
    assert_eq!(what[..2], ["licence_unassigned", "licence_assigned"].map(str::to_owned));
    nothing_personal_is_written(&world, &cast, &path).await?;
    not_like_this(customer, &path, &second).await
}

async fn nothing_personal_is_written(world: &World, cast: &Cast, path: &str) -> anyhow::Result<()> {
    let id = path.rsplit('/').next().unwrap();
    let mut told = vec![cast.auditor.get(&format!("/v1/audit/streams/subscription/{id}?limit=100")).await?.text];
    for table in ["events", "command_results", "effects", "read_subscriptions", "read_licences", "process_states"] {
        told.extend(story::texts(world, &format!("select to_json(t)::text from {table} t")).await?);
    }
    let found = told.iter().find(|text| text.contains("Quillfeather"));
    assert_eq!(found, None);
    let known = story::texts(world, "select fields::text from personal_data where kind = 'person'").await?;
    assert_eq!(known.iter().filter(|fields| fields.contains("Quillfeather")).count(), 3);
    Ok(())
}

async fn not_like_this(customer: &Client, path: &str, assignment: &str) -> anyhow::Result<()> {
    for (body, slug) in [
        (json!({}), "missing-field"),
        (json!({ "user": "" }), "invalid-text"),
        (json!({ "user": 7 }), "invalid-type"),
        (json!({ "user": "Ada\u{202e}" }), "invalid-text"),
        (json!({ "name": "Ada" }), "missing-field"),
    ] {
        let answer = story::ask(customer, Method::PUT, assignment, None, Some(&body)).await?;
        story::refused(customer, &answer, 422, slug).await?;
    }
    for licence in [NOBODY, "1"] {
        let absent = format!("{path}/licences/{licence}/assignment");
        for answer in [
            assigns(customer, &absent, &new_key(), "Ada").await?,
            story::ask(customer, Method::DELETE, &absent, None, None).await?,
        ] {
            story::refused(customer, &answer, 404, "not-found").await?;
        }
    }
    let stale = customer.request(Method::PUT, assignment).header("If-Match", "\"1\"").json(&json!({ "user": "Ada" }));
    story::refused(customer, &customer.send(stale).await?, 412, "precondition-failed").await
}

#[tokio::test]
async fn nobody_changes_what_is_not_theirs() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let path = has(&world, &cast.customer, "office-business", 2).await?;
    let licence = licences(&cast.customer, &path).await?.remove(0);
    let assignment = assignment("", &licence);
    let writes: [(&str, Option<Value>); 7] = [
        ("quantity", Some(json!({ "quantity": 3 }))),
        ("cancel", None),
        ("extend", Some(json!({ "ends_on": days_ahead(300) }))),
        ("suspend", None),
        ("resume", None),
        ("renewal", Some(json!({ "action": "expire" }))),
        (&assignment[1..], Some(json!({ "user": "Ada" }))),
    ];
    let head = story::head(&world).await?;
    for (what, body) in &writes {
        let absent = format!("/v1/subscriptions/{NOBODY}");
        let nobodys = may_not(&cast.other, &absent, what, body.clone(), (404, "not-found")).await?;
        let foreign = may_not(&cast.other, &path, what, body.clone(), (404, "not-found")).await?;
        assert_eq!(story::without_ids(&foreign), story::without_ids(&nobodys), "{what}");
        for client in [&cast.auditor, &cast.service] {
            may_not(client, &path, what, body.clone(), (403, "forbidden")).await?;
        }
    }
    assert_eq!(story::head(&world).await?, head, "a refusal wrote something");
    for what in ["changes", "history", "licences"] {
        let answer = story::look(&cast.other, &format!("{path}/{what}")).await?;
        story::refused(&cast.other, &answer, 404, "not-found").await?;
        let answer = story::look(&cast.service, &format!("{path}/{what}")).await?;
        story::refused(&cast.service, &answer, 403, "forbidden").await?;
        let elsewhere = format!("{path}/{what}?customer_id={}", world.sample.other_customer_id);
        assert!(story::data(&cast.operator.get(&elsewhere).await?).is_empty(), "{elsewhere}");
    }
    who_sees_which_price(&cast, &path).await
}

/// In the answers to changes as in reads.
async fn who_sees_which_price(cast: &Cast, path: &str) -> anyhow::Result<()> {
    for (quantity, client, cost, reseller_price) in
        [(3, &cast.customer, false, false), (4, &cast.reseller, false, true), (5, &cast.operator, true, true)]
    {
        let body = Some(json!({ "quantity": quantity }));
        let answer = story::expect(asks(client, path, "quantity", body).await?, 202)?;
        let seen = (story::mentions(&answer.body, "unit_cost"), story::mentions(&answer.body, "reseller_unit_price"));
        assert_eq!(seen, (cost, reseller_price), "{}", answer.text);
        assert_eq!(story::mentions(&answer.body, "updated_by"), cost, "{}", answer.text);
        settles_after(client, path, &answer).await?;
    }
    Ok(())
}
