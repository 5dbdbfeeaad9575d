//! The command line: what it says, and the exit status it says it with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tests::client::Client;
use tests::story::{self, cast};
use tests::world::database::prepare_database;
use tests::world::product::Settings;
use tests::world::{TestServers, World, folders, ports, postgres, random_hex, unique_name};

const PATIENCE: Duration = Duration::from_secs(60);

/// What a command wrote, and its exit status.
pub struct Ran {
    pub status: i32,
    pub output: String,
}

impl Ran {
    fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {}", self.output))
    }

    /// Verdicts of one check of the doctor.
    fn verdicts(&self, check: &str) -> Vec<String> {
        let findings = self.json();
        let of_check = findings.as_array().unwrap().iter().filter(|finding| finding["check"] == check);
        of_check.map(|finding| finding["verdict"].as_str().unwrap().to_owned()).collect()
    }
}

/// Runs a command with this configuration, further variables last, in a quiet log.
pub async fn run(settings: &Settings, arguments: &[&str], further: &[(&str, &str)]) -> anyhow::Result<Ran> {
    let log = format!("cli-{}.log", random_hex(6));
    let launch = settings.cloudsales(&log)?.environment("RUST_LOG", "off").arguments(arguments.iter().copied());
    let launch = further.iter().fold(launch, |launch, (name, value)| launch.environment(*name, *value));
    let status = launch.spawn()?.wait(PATIENCE).await?.code().unwrap_or(-1);
    Ok(Ran { status, output: std::fs::read_to_string(settings.logs.join(log))? })
}

const NOBODY_THERE: [(&str, &str); 1] = [("CLOUDSALES_NATS_URL", "nats://127.0.0.1:1")];

#[tokio::test]
async fn the_doctor_says_what_is_wrong_and_what_to_do() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let doctor = ["doctor", "--json", "--invariants"];
    let none_lags = |body: &Value| body["data"].as_array().unwrap().iter().all(|reader| reader["lag_events"] == 0);
    cast.operator.wait_until("/v1/admin/projections?limit=100", none_lags).await?;
    let ran = run(&world.settings, &doctor, &[]).await?;
    assert_eq!(ran.status, 0, "{}", ran.output);
    for check in ["configuration", "postgres", "clock", "schema", "grants", "auditor", "nats", "mirror", "provider"] {
        assert_eq!(ran.verdicts(check), ["ok"], "{check}: {}", ran.output);
    }
    assert_eq!(ran.verdicts("log"), ["ok"; 4]);
    // The servers of the tests are quick and not durable, which development may live with.
    assert_eq!(ran.verdicts("fsync"), ["note"]);
    assert!(run(&world.settings, &["doctor"], &[]).await?.output.contains("what to do"));

    let mut database = story::database(&world).await?;
    database
        .execute("grant insert on events to cloudsales_app; grant select on personal_data to cloudsales_auditor")
        .await?;
    let ran = run(&world.settings, &doctor, &[]).await?;
    assert_eq!((ran.status, ran.verdicts("grants")), (1, vec!["wrong".to_owned()]), "{}", ran.output);
    assert_eq!(ran.verdicts("auditor"), ["wrong"]);
    assert!(ran.output.contains("INSERT on events") && ran.output.contains("personal_data"), "{}", ran.output);
    database
        .execute("revoke insert on events from cloudsales_app; revoke select on personal_data from cloudsales_auditor")
        .await?;

    let ran = run(&world.settings, &doctor, &NOBODY_THERE).await?;
    assert_eq!((ran.status, ran.verdicts("nats")), (3, vec!["away".to_owned()]), "{}", ran.output);
    let nowhere = [("CLOUDSALES_DATABASE_URL", "postgres://cloudsales_app:x@127.0.0.1:1/none")];
    let ran = run(&world.settings, &doctor, &nowhere).await?;
    assert_eq!((ran.status, ran.verdicts("postgres")), (3, vec!["away".to_owned()]), "{}", ran.output);
    let weak = [("CLOUDSALES_CURSOR_KEY", "short"), ("CLOUDSALES_CCP_WEBHOOK_SECRET", "whsec_x")];
    let ran = run(&world.settings, &doctor, &weak).await?;
    assert_eq!((ran.status, ran.verdicts("cursor key")), (1, vec!["wrong".to_owned()]), "{}", ran.output);
    assert_eq!(ran.verdicts("provider"), ["wrong"]);
    let ran = run(&world.settings, &["doctor"], &[("CLOUDSALES_MODE", "production")]).await?;
    assert_eq!(ran.status, 2, "{}", ran.output);
    assert!(ran.output.contains("token_jwks_url"), "{}", ran.output);
    Ok(())
}

#[tokio::test]
async fn what_runs_on_this_machine_is_not_behind_its_proxy() -> anyhow::Result<()> {
    let world = World::start().await?;
    let keys = format!("{}/.well-known/jwks.json", world.settings.api_url());
    let nobody = "http://127.0.0.1:1";
    let proxies =
        [("http_proxy", nobody), ("HTTP_PROXY", nobody), ("all_proxy", nobody), ("no_proxy", ""), ("NO_PROXY", "")];
    let issuer = [("CLOUDSALES_TOKEN_JWKS_URL", keys.as_str())];
    let further: Vec<(&str, &str)> = issuer.into_iter().chain(proxies).collect();
    let ran = run(&world.settings, &["doctor", "--json"], &further).await?;
    assert_eq!(ran.verdicts("token keys"), ["ok"], "{}", ran.output);
    Ok(())
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_wrong_and_not_away() -> anyhow::Result<()> {
    let world = World::start().await?;
    for (setting, command) in [
        ("database_url", &["projections", "status"][..]),
        ("database_url", &["serve"]),
        ("database_auditor_url", &["events", "show", "1"]),
        ("database_owner_url", &["migrate"]),
    ] {
        let variable = format!("CLOUDSALES_{}", setting.to_uppercase());
        let ran = run(&world.settings, command, &[(variable.as_str(), "nowhere")]).await?;
        assert_eq!(ran.status, 2, "{command:?}: {}", ran.output);
        assert!(ran.output.contains(setting), "{command:?}: {}", ran.output);
    }
    Ok(())
}

#[tokio::test]
async fn the_doctor_notices_a_database_of_another_time() -> anyhow::Result<()> {
    let world = World::start().await?;
    let servers = TestServers::get().await?;
    let empty = prepare_database(&servers.postgres_url, &unique_name("empty")).await?;
    let (api_port, internal_port) = (ports::reserve()?, ports::reserve()?);
    let settings = Settings { databases: empty, api_port, internal_port, ..world.settings.clone() };
    let ran = run(&settings, &["doctor", "--json"], &[]).await?;
    assert_eq!((ran.status, ran.verdicts("schema")), (1, vec!["wrong".to_owned()]), "{}", ran.output);
    settings.migrate().await?;
    let mut owner = sqlx::PgConnection::connect(&settings.databases.owner).await?;
    // The mirror is that of the world's own log.
    let ran = run(&settings, &["doctor", "--json"], &[]).await?;
    assert_eq!((ran.status, ran.verdicts("mirror")), (1, vec!["wrong".to_owned()]), "{}", ran.output);
    owner.execute("update _sqlx_migrations set version = version + 100 where version = (select max(version) from _sqlx_migrations)").await?;
    let ran = run(&settings, &["doctor", "--json"], &[]).await?;
    assert_eq!((ran.status, ran.verdicts("schema")), (1, vec!["wrong".to_owned()]), "{}", ran.output);
    let ran = run(&settings, &["serve"], &[]).await?;
    assert!(ran.status != 0 && ran.output.contains("migrate"), "{} {}", ran.status, ran.output);
    Ok(())
}

#[tokio::test]
async fn the_log_can_be_read_without_messages() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let opened = story::opens_account(&cast.customer, &world.sample.customer_id).await?;
    let (id, position) = (opened.id()?, opened.position()?);
    let ran = run(&world.settings, &["events", "tail", "--from", "0", "--limit", "5", "--json"], &NOBODY_THERE).await?;
    let lines: Vec<Value> = ran.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let positions: Vec<i64> = lines.iter().map(|line| line["position"].as_i64().unwrap()).collect();
    assert_eq!((ran.status, positions), (0, vec![1, 2, 3, 4, 5]), "{}", ran.output);

    let tail = ["events", "tail", "--limit", "1"];
    // It begins at the end of the log, whenever that is: something has to happen after it has looked.
    let ran = tokio::select! {
        ran = run(&world.settings, &tail, &NOBODY_THERE) => ran?,
        failed = renames_for_ever(&cast.customer, &id) => return failed,
    };
    assert_eq!((ran.status, ran.output.lines().count()), (0, 1), "{}", ran.output);
    assert!(ran.output.contains("AccountDetailsChanged"), "{}", ran.output);

    let ran = run(&world.settings, &["events", "show", &format!("account/{id}")], &NOBODY_THERE).await?;
    assert!(
        ran.status == 0 && ran.output.contains("AccountOpened") && ran.output.contains("\"actor\""),
        "{}",
        ran.output
    );
    let ran = run(&world.settings, &["events", "show", &position.to_string(), "--json"], &NOBODY_THERE).await?;
    assert_eq!((ran.status, &ran.json()["position"]), (0, &json!(position)));
    for nothing in ["account/none", "99999999", "nonsense"] {
        assert_eq!(run(&world.settings, &["events", "show", nothing], &NOBODY_THERE).await?.status, 2, "{nothing}");
    }
    let ran = run(
        &world.settings,
        &["events", "show", "1"],
        &[("CLOUDSALES_DATABASE_AUDITOR_URL", "postgres://127.0.0.1:1/x")],
    )
    .await?;
    assert_eq!(ran.status, 3, "{}", ran.output);
    Ok(())
}

async fn renames_for_ever(customer: &Client, id: &str) -> anyhow::Result<()> {
    for n in 0.. {
        let name = json!({ "name": format!("New {n}") });
        let path = format!("/v1/accounts/{id}");
        story::expect(story::ask(customer, reqwest::Method::PUT, &path, None, Some(&name)).await?, 200)?;
    }
    Ok(())
}

#[tokio::test]
async fn what_the_product_is_told_is_shown_without_its_secrets() -> anyhow::Result<()> {
    let world = World::start().await?;
    let settings = &world.settings;
    let ran = run(settings, &["config", "show"], &[("CLOUDSALES_CURSOR_KEY", "canary-of-the-cursor")]).await?;
    assert!(ran.status == 0 && ran.output.contains("rate_writes_per_minute = 60000"), "{}", ran.output);
    let password = |url: &str| reqwest::Url::parse(url).unwrap().password().unwrap().to_owned();
    let secrets = [
        settings.provider.client_secret.clone(),
        settings.provider.webhook_secret.clone(),
        password(&settings.databases.app),
        password(&settings.databases.auditor),
        "canary-of-the-cursor".to_owned(),
    ];
    for secret in secrets {
        assert!(!ran.output.contains(&secret), "a secret is shown");
    }
    for wrong in [&["nonsense"][..], &["serve", "--roles", "nobody"], &["projections", "rebuild", "nothing"]] {
        assert_eq!(run(settings, wrong, &[]).await?.status, 2, "{wrong:?}");
    }
    for odd in
        [("CLOUDSALES_MODE", "test"), ("CLOUDSALES_RATE_READS_PER_MINUTE", "0"), ("CLOUDSALES_DATABASE_POOL", "x")]
    {
        assert_eq!(run(settings, &["config", "show"], &[odd]).await?.status, 2, "{odd:?}");
    }
    let ran = run(settings, &["projections", "rebuild", "orders"], &[]).await?;
    assert!(ran.status == 0 && ran.output.contains("orders shows generation 2"), "{}", ran.output);
    assert_eq!(run(settings, &["projections", "status"], &[]).await?.status, 0);
    Ok(())
}

#[tokio::test]
async fn outside_development_nothing_starts_on_unsafe_settings() -> anyhow::Result<()> {
    let world = World::start().await?;
    let folder = folders::scratch("unsafe")?;
    let production = [
        ("CLOUDSALES_MODE", "production"),
        ("CLOUDSALES_TOKEN_JWKS_URL", "http://127.0.0.1:1/keys"),
        ("CLOUDSALES_CURSOR_KEY", "0000000000000000000000000000000000000000000000000000000000000000"),
    ];
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let off = vec![(setting.to_owned(), "off".to_owned())];
        let options = postgres::Options { settings: off, ..postgres::Options::crash_tests() };
        let mut server = postgres::Server::start(&folder.join(setting), options).await?;
        let databases = prepare_database(&server.url("postgres"), "unsafe").await?;
        let settings = Settings {
            databases,
            api_port: ports::reserve()?,
            internal_port: ports::reserve()?,
            ..world.settings.clone()
        };
        settings.migrate().await?;
        let ran = run(&settings, &["serve"], &production).await?;
        assert!(ran.status != 0 && ran.output.contains(setting), "{setting}: {} {}", ran.status, ran.output);
        let ran = run(&settings, &["doctor", "--json"], &production).await?;
        assert_eq!(ran.verdicts(setting), ["wrong"], "{}", ran.output);
        server.stop().await?;
    }
    for absent in ["CLOUDSALES_TOKEN_JWKS_URL", "CLOUDSALES_CURSOR_KEY"] {
        let without: Vec<_> = production.into_iter().filter(|(name, _)| *name != absent).collect();
        let ran = run(&world.settings, &["serve"], &without).await?;
        assert_eq!(ran.status, 2, "{absent}: {}", ran.output);
    }
    Ok(())
}

#[tokio::test]
async fn dead_letters_are_listed_tried_again_and_given_up() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (settings, operator) = (&world.settings, world.operator()?);
    assert_eq!(run(settings, &["dead-letters", "list"], &[]).await?.status, 0);
    let ids = [1, 2].map(|n| format!("0192f0c1-2d3e-7a4b-8c5d-00000000000{n}"));
    let mut database = story::database(&world).await?;
    for id in &ids {
        let sql = "insert into effects (op_id, process, kind, subject, effect, state, outcome, settled_at) values \
                   ($1::uuid, 'catalogue', 'sync_catalogue', 'catalogue', '{\"kind\":\"sync_catalogue\"}', 'dead', \
                   'nobody foresaw this', now())";
        sqlx::query(sql).bind(id).execute(&mut database).await?;
    }
    let park = "insert into dead_letters (reader, generation, aggregate_type, aggregate_id, position, reason) \
                select name, generation, 'order', 'of-nobody', 1, 'for a look' from readers where name = 'orders' \
                returning id";
    let parked: i64 = sqlx::query_scalar(park).fetch_one(&mut database).await?;
    let listed = run(settings, &["dead-letters", "list", "--json"], &[]).await?;
    let shown: Vec<Value> = listed.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((listed.status, shown.len()), (1, 3), "{}", listed.output);
    assert!(listed.output.contains("nobody foresaw this") && listed.output.contains("for a look"));
    assert_eq!(run(settings, &["doctor"], &[]).await?.status, 1, "the doctor does not see them");

    let parked = parked.to_string();
    for (action, id, status) in [
        ("discard", parked.as_str(), 2),
        ("retry", &parked, 0),
        ("retry", &parked, 2),
        ("retry", &ids[0], 0),
        ("discard", &ids[1], 0),
        ("discard", &ids[1], 2),
        ("retry", "nonsense", 2),
    ] {
        let ran = run(settings, &["dead-letters", action, id], &[]).await?;
        assert_eq!(ran.status, status, "{action} {id}: {}", ran.output);
    }
    let is_done = |body: &Value| body["data"].as_array().unwrap().iter().any(|one| one["id"] == ids[0].as_str());
    operator.wait_until("/v1/admin/effects?state=done&limit=100", is_done).await?;
    assert_eq!(run(settings, &["dead-letters", "list"], &[]).await?.status, 0);
    let noted = story::texts(&world, "select actor || ' ' || action from dead_letter_actions order by 1").await?;
    assert_eq!(noted.len(), 3, "{noted:?}");
    assert!(noted.iter().all(|note| note.contains("command-line")), "{noted:?}");
    Ok(())
}
