//! One binary, many processes: each role by itself, two of each, and how one takes over from another.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, cast, data, each};
use tests::world::product::{Service, Settings};
use tests::world::{World, ports};

const ROLES: [&str; 9] = ["http", "relay", "project", "react", "ccp", "schedule", "documents", "payments", "notify"];
/// What whoever reacts does as well.
const BROUGHT: [&str; 2] = ["documents", "payments"];
const GRACE: Duration = Duration::from_secs(30);
/// A lease that nobody gives back holds for three seconds; a dead process's on the same machine does not.
const LEASE: Duration = Duration::from_secs(3);

/// One process with some roles beside the world's own. Only a further API has another address.
async fn process(world: &World, roles: &str, name: &str) -> anyhow::Result<Service> {
    let logs = world.folder.join(name);
    std::fs::create_dir_all(&logs)?;
    let api_port = if name == "http-2" { ports::reserve()? } else { world.settings.api_port };
    let settings = Settings { api_port, internal_port: ports::reserve()?, logs, ..world.settings.clone() };
    settings.serve_roles(roles).await
}

/// Which processes have a role, as the operator sees it.
fn having<'a>(roles: &'a Answer, role: &str) -> Vec<&'a Value> {
    roles.body["data"].as_array().unwrap().iter().filter(|entry| entry["role"] == role).collect()
}

async fn roles(operator: &Client) -> anyhow::Result<Answer> {
    operator.get("/v1/admin/roles?limit=100").await
}

/// Waits until one process moves all readers of a role; answers how long that took.
async fn takes_over(operator: &Client, role: &str, pid: u32) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let expected = if role == "project" { projections::all().len() } else { 2 };
    let has_all = |body: &Value| {
        let own = body["data"].as_array().unwrap().iter().find(|entry| entry["role"] == role && entry["pid"] == pid);
        own.is_some_and(|entry| entry["readers"].as_array().is_some_and(|readers| readers.len() == expected))
    };
    operator.wait_until("/v1/admin/roles?limit=100", has_all).await?;
    Ok(begun.elapsed())
}

#[tokio::test]
async fn every_role_may_have_a_process_of_its_own_or_two() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let ended = world.product.process.terminate(GRACE).await?;
    assert_eq!(ended.code(), Some(0), "a graceful stop");
    let mut first = Vec::new();
    for role in ROLES {
        first.push(process(&world, role, role).await?);
    }
    let cast = cast(&world)?;
    let account = world.sample.account_id.clone();
    let bought = story::buys(&cast.customer, &account, world.service("office-business")?, 3).await?;
    assert_eq!((&bought["status"], &bought["licence_count"]), (&json!("active"), &json!(3)));
    let shown = roles(&cast.auditor).await?;
    let pid_of = |role: &str| first[ROLES.iter().position(|name| *name == role).unwrap()].pid();
    for role in ROLES {
        let mut own = vec![pid_of(role)];
        own.extend(BROUGHT.contains(&role).then(|| pid_of("react")));
        own.sort_unstable();
        let mut pids: Vec<u32> =
            having(&shown, role).iter().map(|entry| serde_json::from_value(entry["pid"].clone()).unwrap()).collect();
        pids.sort_unstable();
        assert_eq!(pids, own, "{role}: {}", shown.text);
        assert!(having(&shown, role).iter().all(|entry| entry["state"] == "running"), "{role}: {}", shown.text);
    }
    story::refused(&cast.customer, &story::look(&cast.customer, "/v1/admin/roles").await?, 403, "forbidden").await?;

    let mut second = Vec::new();
    for role in ROLES {
        second.push(process(&world, role, &format!("{role}-2")).await?);
    }
    let bought = story::buys(&cast.customer, &account, world.service("mail-guard")?, 2).await?;
    assert_eq!((&bought["status"], &bought["licence_count"]), (&json!("active"), &json!(2)));
    let shown = roles(&cast.operator).await?;
    let twice = |role: &str| having(&shown, role).len() == if BROUGHT.contains(&role) { 4 } else { 2 };
    assert!(ROLES.iter().all(|role| twice(role)), "{}", shown.text);

    for role in ["project", "react"] {
        let at = ROLES.iter().position(|name| *name == role).unwrap();
        first[at].kill9().await?;
        let taken = takes_over(&cast.operator, role, second[at].pid()).await?;
        eprintln!("{role}: another process of this machine went on {taken:?} after kill -9");
        assert!(taken < LEASE, "{role}: {taken:?} as if the lease had been waited for");
    }
    for role in ["relay", "ccp", "schedule"] {
        first[ROLES.iter().position(|name| *name == role).unwrap()].kill9().await?;
    }
    story::buys(&cast.customer, &account, world.service("team-storage")?, 2).await?;
    assert_eq!(twice_provisioned(&world).await?, Vec::<String>::new());
    for service in &mut second {
        assert_eq!(service.process.terminate(GRACE).await?.code(), Some(0));
    }
    Ok(())
}

/// Subscriptions that were started more than once.
async fn twice_provisioned(world: &World) -> anyhow::Result<Vec<String>> {
    let sql = "select aggregate_id from events where event_type = 'SubscriptionStarted' group by 1 having count(*) > 1";
    story::texts(world, sql).await
}

#[tokio::test]
async fn a_process_told_to_stop_loses_no_answer_and_leaves_its_work_to_another() -> anyhow::Result<()> {
    let mut world = World::start().await?;
    let (twin_settings, twin) = world.twin().await?;
    let customer = world.customer()?;
    let other = Client::new(&twin_settings.api_url(), world.tokens.customer.as_deref().unwrap())?;
    let account = world.sample.account_id.clone();
    let service = world.service("office-business")?.to_owned();
    let (answered, mut count) = tokio::sync::watch::channel(0_u32);
    let clients = (0..8).map(|client| {
        let (customer, other, answered) = (customer.clone(), other.clone(), answered.clone());
        let (account, service) = (account.clone(), service.clone());
        tokio::spawn(async move {
            orders_until_nobody_answers(client, (customer, other), (account, service), answered).await
        })
    });
    let clients: Vec<_> = clients.collect();
    count.wait_for(|count| *count >= 40).await?;
    let begun = Instant::now();
    world.product.process.signal("TERM")?;
    let ended = world.product.process.wait(GRACE).await?;
    eprintln!("drained under load in {:?}", begun.elapsed());
    assert_eq!(ended.code(), Some(0), "{}", world.product.process.log_tail());
    let operator = Client::new(&twin_settings.api_url(), &world.tokens.operator)?;
    for role in ["project", "react"] {
        let taken = takes_over(&operator, role, twin.pid()).await?;
        assert!(taken < LEASE, "{role}: {taken:?} after the leases were given back");
    }
    let mut keys = Vec::new();
    for client in clients {
        keys.extend(client.await??);
    }
    let shown = format!("/v1/orders?name=drain-&min_position={}", story::head(&world).await?);
    let mut names = each(&story::all_pages(&operator, &shown, 100).await?, "name");
    names.sort();
    keys.sort();
    assert_eq!(names, keys, "each order that was asked for was placed once");
    let gone =
        |body: &Value| each(body["data"].as_array().unwrap(), "pid").iter().all(|pid| *pid == twin.pid().to_string());
    operator.wait_until("/v1/admin/roles?limit=100", gone).await?;
    Ok(())
}

/// Places orders until a request gets no answer any more; that one is repeated elsewhere under its key.
async fn orders_until_nobody_answers(
    client: u32,
    (customer, other): (Client, Client),
    (account, service): (String, String),
    answered: tokio::sync::watch::Sender<u32>,
) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for n in 0.. {
        let name = format!("drain-{client}-{n:04}");
        let mut body = story::order_of(&account, &[(&service, 5)]);
        body["name"] = json!(name);
        body["start_on"] = json!(story::today() + chrono::Days::new(20));
        names.push(name.clone());
        match story::ask(&customer, reqwest::Method::POST, "/v1/orders", Some(&name), Some(&body)).await {
            Ok(answer) => {
                story::expect(answer, 201)?;
                answered.send_modify(|count| *count += 1);
            }
            Err(_) => {
                other.post("/v1/orders", &name, &body, 201).await?;
                break;
            }
        }
    }
    Ok(names)
}

#[tokio::test]
async fn a_drain_can_be_watched_and_a_second_signal_aborts_it() -> anyhow::Result<()> {
    use tokio::io::AsyncWriteExt;
    let mut world = World::start().await?;
    let internal = Client::new(&world.settings.internal_url(), "")?;
    let mut held = tokio::net::TcpStream::connect(("127.0.0.1", world.settings.api_port)).await?;
    let head = format!(
        "POST /v1/accounts HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nIdempotency-Key: held\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
        world.tokens.operator
    );
    held.write_all(head.as_bytes()).await?;
    // The server has begun with it once it asks for the body.
    held.readable().await?;
    world.product.process.signal("TERM")?;
    let patience = Instant::now() + tests::client::PATIENCE;
    loop {
        let seen = story::look(&internal, "/readyz").await?;
        if seen.body["reasons"] == json!(["draining"]) {
            assert_eq!((seen.status, &seen.body["status"]), (503, &json!("unavailable")));
            break;
        }
        assert!(Instant::now() < patience, "it never drains: {}", seen.text);
    }
    assert!(world.product.is_running(), "a request is being worked on");
    let begun = Instant::now();
    world.product.process.signal("INT")?;
    let ended = world.product.process.wait(Duration::from_secs(10)).await?;
    assert!(ended.code().is_some_and(|code| code != 0), "{ended}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // Nothing of it stays behind: the next one takes over and serves.
    world.product.start_again().await?;
    assert_eq!(data(&world.operator()?.get("/v1/accounts?limit=1").await?).len(), 1);
    Ok(())
}
