//! How much a tenant may ask for in a minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::json;
use tests::client::{Answer, Client};
use tests::story::{self, header, new_key};
use tests::world::product::{Service, Settings};
use tests::world::{World, ports};

/// So few that none comes back within twenty seconds.
const QUOTA: u32 = 3;

/// An API beside the world's own, where tenants may do little.
async fn strict_api(world: &World) -> anyhow::Result<(Settings, Service)> {
    let kinds = ["WRITES", "READS"];
    let further = kinds.map(|kind| (format!("CLOUDSALES_RATE_{kind}_PER_MINUTE"), QUOTA.to_string())).to_vec();
    let (api_port, internal_port) = (ports::reserve()?, ports::reserve()?);
    let logs = world.folder.join("strict");
    std::fs::create_dir_all(&logs)?;
    let settings = Settings { api_port, internal_port, further, logs, ..world.settings.clone() };
    let service = settings.serve_roles("http").await?;
    Ok((settings, service))
}

fn told(answer: &Answer) -> (u16, Option<&str>, Option<&str>) {
    (answer.status, header(answer, "ratelimit-policy"), header(answer, "ratelimit"))
}

async fn opens(client: &Client, customer_id: &str, key: Option<&str>) -> anyhow::Result<Answer> {
    let body = json!({ "customer_id": customer_id, "name": "Rated" });
    story::ask(client, Method::POST, "/v1/accounts", key, Some(&body)).await
}

#[tokio::test]
async fn a_tenant_has_its_quota_and_nobody_elses() -> anyhow::Result<()> {
    let world = World::start().await?;
    let (settings, _service) = strict_api(&world).await?;
    let client = |token: &str| Client::new(&settings.api_url(), token);
    let customer = client(world.tokens.customer.as_deref().unwrap())?;
    let policy = Some("\"writes\";q=3;w=60");
    for left in (0..QUOTA).rev() {
        let answer = opens(&customer, &world.sample.customer_id, Some(&new_key())).await?;
        let standing = format!("\"writes\";r={left};t={}", if left == 0 { 20 } else { (QUOTA - left) * 20 });
        assert_eq!(told(&answer), (201, policy, Some(standing.as_str())), "{}", answer.text);
    }
    // Accounts of before are still on their way to the provider.
    let opened =
        async || story::texts(&world, "select count(*)::text from events where event_type = 'AccountOpened'").await;
    let before = opened().await?;
    // Before the key, the body and the path's id are looked at.
    for key in [Some(new_key()), None] {
        let refused = opens(&customer, "nonsense", key.as_deref()).await?;
        story::refused(&customer, &refused, 429, "rate-limited").await?;
        let wait: u32 = header(&refused, "retry-after").unwrap().parse()?;
        assert!((1..=20).contains(&wait), "{wait}");
        assert_eq!(told(&refused).2, Some(format!("\"writes\";r=0;t={wait}").as_str()));
    }
    assert_eq!(opened().await?, before, "a refused request wrote something");
    // Reads are counted by themselves, and others are not concerned.
    for _ in 0..QUOTA {
        story::expect(story::look(&customer, "/v1/accounts").await?, 200)?;
    }
    story::refused(&customer, &story::look(&customer, "/v1/accounts").await?, 429, "rate-limited").await?;
    let other = client(world.tokens.other_customer.as_deref().unwrap())?;
    story::expect(opens(&other, &world.sample.other_customer_id, Some(&new_key())).await?, 201)?;
    order_of_checks(&world, &customer, &other).await?;
    staff_is_one_tenant(&world, &settings).await?;
    what_is_not_counted(&world, &settings, &customer).await
}

/// No such route, who, how much, may it: in this order.
async fn order_of_checks(world: &World, limited: &Client, other: &Client) -> anyhow::Result<()> {
    story::refused(limited, &story::look(limited, "/v1/nothing").await?, 404, "not-found").await?;
    let patched = story::ask(limited, Method::PATCH, "/v1/orders", None, None).await?;
    story::refused(limited, &patched, 405, "method-not-allowed").await?;
    let nobody = limited.with_token("nonsense");
    let answer = story::look(&nobody, "/v1/admin/effects").await?;
    story::refused(limited, &answer, 401, "token-invalid").await?;
    assert_eq!(told(&answer), (401, None, None), "nobody has no quota");
    story::refused(limited, &story::look(limited, "/v1/admin/effects").await?, 429, "rate-limited").await?;
    let forbidden = story::look(other, "/v1/admin/effects").await?;
    story::refused(limited, &forbidden, 403, "forbidden").await?;
    assert_eq!(told(&forbidden).1, Some("\"reads\";q=3;w=60"), "what is forbidden counts, too");
    let wants = other.request(Method::GET, &format!("/v1/accounts/{}", world.sample.other_account_id));
    let answer = other.send(wants.header("Accept", "image/png")).await?;
    story::refused(limited, &answer, 406, "not-acceptable").await
}

async fn staff_is_one_tenant(world: &World, settings: &Settings) -> anyhow::Result<()> {
    let client = |token: &str| Client::new(&settings.api_url(), token);
    let (operator, auditor) = (client(&world.tokens.operator)?, client(&world.tokens.auditor)?);
    for staff in [&operator, &auditor, &operator] {
        story::expect(story::look(staff, "/v1/admin/effects").await?, 200)?;
    }
    story::refused(&auditor, &story::look(&auditor, "/v1/admin/effects").await?, 429, "rate-limited").await
}

async fn what_is_not_counted(world: &World, settings: &Settings, limited: &Client) -> anyhow::Result<()> {
    let probe = Client::new(&settings.internal_url(), "")?;
    for _ in 0..=QUOTA {
        for path in ["/healthz", "/openapi.json", "/docs/problems", "/.well-known/jwks.json"] {
            assert_eq!(told(&limited.get(path).await?), (200, None, None), "{path}");
        }
        let made = story::ask(limited, Method::POST, "/dev/token", None, Some(&json!({ "role": "operator" }))).await?;
        assert_eq!(told(&made), (200, None, None));
        let hook = story::ask(limited, Method::POST, "/v1/webhooks/ccp", None, Some(&json!({}))).await?;
        story::refused(&world.operator()?, &hook, 401, "webhook-signature").await?;
        probe.get("/readyz").await?;
    }
    Ok(())
}
