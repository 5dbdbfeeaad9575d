//! What is left of people once they are erased: nothing, anywhere; and everything else stays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::invariants::{self, System};
use tests::story::{self, Cast, cast, each, header, new_key};
use tests::world::{World, random_hex};

/// A request that was answered with something personal.
struct Told {
    method: Method,
    path: String,
    key: String,
    body: Value,
    first: Answer,
}

/// A customer whose people are told by one word nobody else would write.
struct Known {
    id: String,
    account: String,
    subscription: String,
    word: String,
    told: Vec<Told>,
}

fn person(word: &str, n: u32) -> Value {
    json!({ "name": format!("{word} {n}"), "email": format!("{word}.{n}@known.example"), "phone": "+49 30 5550199" })
}

impl Known {
    async fn told(&mut self, client: &Client, method: Method, path: &str, body: Value) -> anyhow::Result<Answer> {
        let key = new_key();
        let first = story::ask(client, method.clone(), path, Some(&key), Some(&body)).await?;
        anyhow::ensure!((200..300).contains(&first.status), "{method} {path}: {}", first.text);
        assert!(first.text.contains(&self.word), "{}", first.text);
        self.told.push(Told { method, path: path.to_owned(), key, body, first: first.clone() });
        Ok(first)
    }
}

async fn lived(world: &World, cast: &Cast) -> anyhow::Result<Known> {
    let word = format!("person{}", random_hex(6));
    let (id, account, subscription) = (String::new(), String::new(), String::new());
    let mut known = Known { id, account, subscription, word: word.clone(), told: Vec::new() };
    let client = &cast.reseller;
    let mut wish = story::new_customer("Forgetful");
    wish["contact"] = person(&word, 1);
    wish["address"] = json!({ "street": format!("{word} 5"), "city": "Ulm", "postal_code": "89073", "country": "DE" });
    known.id = known.told(client, Method::POST, "/v1/customers", wish).await?.id()?;
    let path = format!("/v1/customers/{}", known.id);
    known.told(client, Method::PATCH, &path, json!({ "contact": person(&word, 2) })).await?;
    let wish = json!({ "customer_id": known.id, "name": "Main", "contact": person(&word, 3) });
    known.account = known.told(client, Method::POST, "/v1/accounts", wish).await?.id()?;
    let path = format!("/v1/accounts/{}", known.account);
    known.told(client, Method::PUT, &path, json!({ "name": "Main", "contact": person(&word, 4) })).await?;
    client.wait_until(&path, |body| body["status"] == "active").await?;
    let bought = story::buys(client, &known.account, world.service("office-business")?, 2).await?;
    known.subscription = bought["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/subscriptions/{}/licences", known.subscription);
    let licence = client.get(&path).await?.body["data"][0]["id"].as_str().unwrap().to_owned();
    let user = json!({ "user": format!("{word}.5@known.example") });
    known.told(client, Method::PUT, &format!("{path}/{licence}/assignment"), user).await?;
    Ok(known)
}

/// How often the word stands anywhere in the database.
async fn mentioned(world: &World, word: &str) -> anyhow::Result<Vec<String>> {
    let tables = "select quote_ident(tablename) from pg_tables where schemaname = 'public'";
    let mut found = Vec::new();
    for table in story::texts(world, tables).await? {
        let sql = format!("select count(*)::text from {table} t where strpos(lower(t::text), lower('{word}')) > 0");
        if story::texts(world, &sql).await? != ["0"] {
            found.push(table);
        }
    }
    Ok(found)
}

async fn erases(client: &Client, id: &str, key: &str) -> anyhow::Result<Answer> {
    let path = format!("/v1/customers/{id}/erase-personal-data");
    story::ask(client, Method::POST, &path, Some(key), None).await
}

#[tokio::test]
async fn nothing_personal_is_left_after_erasure() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let known = lived(&world, &cast).await?;
    assert_eq!(mentioned(&world, &known.word).await?, ["personal_data"]);
    for client in [&cast.customer, &cast.reseller, &cast.auditor, &cast.service] {
        story::refused(client, &erases(client, &known.id, &new_key()).await?, 403, "forbidden").await?;
    }
    let before = kept(&world, &cast, &known).await?;
    let head = story::head(&world).await?;
    let key = new_key();
    let erased = story::expect(erases(&cast.operator, &known.id, &key).await?, 200)?;
    let what = each(erased.body["erased"].as_array().unwrap(), "what");
    assert_eq!(sorted(what), ["account_contact", "address", "contact", "other"]);
    assert!(!erased.body["retained"].as_array().unwrap().is_empty());
    assert_eq!(story::head(&world).await?, head + 1);

    assert_eq!(mentioned(&world, &known.word).await?, Vec::<String>::new());
    assert_eq!(kept(&world, &cast, &known).await?, before, "what is no person's stays");
    nulls(&cast, &known, erased.position()?).await?;
    replays(&cast, &known).await?;
    audited(&cast, &known).await?;
    again(&world, &cast, &known, &key, &erased).await?;
    later(&world, &cast, &known).await
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// What erasure must not touch: rows of the side table, licence keys, everybody else's people, amounts.
async fn kept(world: &World, cast: &Cast, known: &Known) -> anyhow::Result<Vec<Value>> {
    let rows = "select count(*)::text from personal_data";
    let others =
        format!("select sum(hashtext(fields::text))::text from personal_data where customer_id <> '{}'", known.id);
    let keys = cast.reseller.get(&format!("/v1/subscriptions/{}/licences", known.subscription)).await?;
    let order = cast.operator.get(&format!("/v1/subscriptions/{}", known.subscription)).await?;
    let (rows, others) = (story::texts(world, rows).await?, story::texts(world, &others).await?);
    Ok(vec![json!(rows), json!(others), json!(each(&story::data(&keys), "key")), order.body])
}

async fn nulls(cast: &Cast, known: &Known, position: i64) -> anyhow::Result<()> {
    let nobody = json!({ "name": null, "email": null, "phone": null });
    let nowhere = json!({ "street": null, "city": null, "postal_code": null, "country": null });
    for client in [&cast.reseller, &cast.operator, &cast.auditor] {
        let customer = client.get_at(&format!("/v1/customers/{}", known.id), position).await?;
        assert_eq!((&customer.body["contact"], &customer.body["address"]), (&nobody, &nowhere));
        assert!(customer.body["erased_at"].is_string(), "{}", customer.text);
        let account = client.get_at(&format!("/v1/accounts/{}", known.account), position).await?;
        assert_eq!(account.body["contact"], nobody);
        let licences = client.get_at(&format!("/v1/subscriptions/{}/licences", known.subscription), position).await?;
        assert!(licences.body["data"][0]["assigned_to"].is_null(), "{}", licences.text);
        for list in ["customers", "accounts"] {
            let listed = client.get_at(&format!("/v1/{list}?limit=100"), position).await?;
            assert!(!listed.text.contains(&known.word), "{}", listed.text);
            let searched = client.get(&format!("/v1/{list}?q={}", known.word)).await?;
            assert_eq!(searched.body["data"], json!([]));
        }
    }
    Ok(())
}

/// Stored answers are told again without the people in them.
async fn replays(cast: &Cast, known: &Known) -> anyhow::Result<()> {
    for Told { method, path, key, body, first } in &known.told {
        let again = story::ask(&cast.reseller, method.clone(), path, Some(key), Some(body)).await?;
        assert_eq!((again.status, header(&again, "idempotency-replayed")), (first.status, Some("true")), "{path}");
        assert!(!again.text.contains(&known.word), "{method} {path}: {}", again.text);
        let mut expected = first.body.clone();
        for name in ["contact", "address"] {
            if let Some(members) = expected.get_mut(name).and_then(Value::as_object_mut) {
                members.values_mut().for_each(|member| *member = Value::Null);
            }
        }
        if let Some(user) = expected.get_mut("assigned_to") {
            *user = Value::Null;
        }
        assert_eq!(again.body, expected, "{method} {path}");
    }
    Ok(())
}

async fn audited(cast: &Cast, known: &Known) -> anyhow::Result<()> {
    for stream in [format!("customer/{}", known.id), format!("account/{}", known.account)] {
        for path in [
            format!("/v1/audit/streams/{stream}"),
            format!("/v1/audit/streams/{stream}/state"),
            format!("/v1/audit/streams/{stream}/state?at_version=1"),
            format!("/v1/audit/events?stream={stream}"),
        ] {
            let seen = cast.auditor.get(&path).await?;
            assert!(!seen.text.contains(&known.word), "{path}: {}", seen.text);
        }
    }
    let path = format!("/v1/audit/events?type=PersonalDataErased&customer_id={}", known.id);
    let events = story::data(&cast.auditor.get(&path).await?);
    assert_eq!(events[0]["payload"]["subjects"].as_array().map(Vec::len), Some(4));
    assert_eq!(events[0]["metadata"]["role"], "operator");
    Ok(())
}

async fn again(world: &World, cast: &Cast, known: &Known, key: &str, first: &Answer) -> anyhow::Result<()> {
    let head = story::head(world).await?;
    let replayed = story::expect(erases(&cast.operator, &known.id, key).await?, 200)?;
    assert_eq!((&replayed.text, replayed.position()?), (&first.text, first.position()?));
    let nothing = story::expect(erases(&cast.operator, &known.id, &new_key()).await?, 200)?;
    assert_eq!(nothing.body["erased"], json!([]));
    assert_eq!(story::head(world).await?, head);
    Ok(())
}

/// The customer goes on, with other people; these can be erased too. A part of a person is not enough for one.
async fn later(world: &World, cast: &Cast, known: &Known) -> anyhow::Result<()> {
    let path = format!("/v1/customers/{}", known.id);
    let patch = async |body: Value| story::ask(&cast.reseller, Method::PATCH, &path, None, Some(&body)).await;
    let part = patch(json!({ "contact": { "phone": "+49 30 1" } })).await?;
    story::refused(&cast.reseller, &part, 422, "missing-field").await?;
    let contact = person(&known.word, 9);
    let renewed = story::expect(patch(json!({ "contact": contact })).await?, 200)?;
    assert_eq!((&renewed.body["contact"], renewed.body["erased_at"].is_string()), (&contact, true));
    let erased = story::expect(erases(&cast.operator, &known.id, &new_key()).await?, 200)?;
    assert_eq!(each(erased.body["erased"].as_array().unwrap(), "what"), ["contact"]);
    assert_eq!(mentioned(world, &known.word).await?, Vec::<String>::new());
    for _ in 0..2 {
        story::expect(patch(json!({ "contact": person(&known.word, 10) })).await?, 200)?;
    }
    let report = invariants::check(&System::of(world, None)).await?;
    assert_eq!(report.violations(), 0, "{}", report.complaints());
    let absent = erases(&cast.operator, "00000000-0000-7000-8000-000000000000", &new_key()).await?;
    story::refused(&cast.operator, &absent, 404, "not-found").await
}
