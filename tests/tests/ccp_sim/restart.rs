//! What survives a restart and a kill: everything anybody was told.

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command, Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tests::ccp_sim::{self, Settings};

use crate::support::{CLIENT_ID, CLIENT_SECRET, Client, Folder, Provider, number, order, text, wait_until};

#[tokio::test]
async fn a_restart_changes_nothing() {
    let provider = Provider::at("2026-10-03T09:00:00Z").await;
    let account = provider.account().await;
    let id = provider.subscribe(&account, "office-business", 25).await;
    provider.quantity(&id, 30).await;
    provider.clock("2026-10-22T09:00:00Z").await;
    provider.control(Method::POST, "catalogue", json!({"sku": "mail-guard", "withdrawn": true})).await;
    let asked = order(&account, &[(1, "office-business", 2)]);
    let answer = provider.write(Method::POST, "/v1/orders", "op-1", asked.clone()).await.unwrap();
    provider.settled().await;
    let paths = [
        format!("/v1/subscriptions?account_id={account}"),
        format!("/v1/billing?account_id={account}&period=2026-10"),
        format!("/v1/accounts/{account}"),
        "/v1/catalogue".to_owned(),
        "/sim/ledger".to_owned(),
    ];
    let before = all(&provider, &paths).await;
    let provider = provider.restart().await;
    assert_eq!(all(&provider, &paths).await, before);
    assert_eq!(provider.write(Method::POST, "/v1/orders", "op-1", asked).await.unwrap(), answer);
    assert!(text(&provider.seen("/sim/health").await["now"]).starts_with("2026-10-22T09:"));
    assert_eq!(all(&provider, &paths).await, before);
}

#[tokio::test]
async fn what_was_accepted_before_a_stop_is_finished_after_it() {
    let folder = Folder::new();
    let provider = Provider::in_folder(folder, |settings| settings.completion_ms = 500).await;
    let account = provider.account().await;
    let (_, accepted) = provider.post("/v1/orders", order(&account, &[(1, "office-business", 2)])).await;
    let provider = provider.restart().await;
    provider.settled().await;
    assert_eq!(provider.seen(&format!("/v1/orders/{}", text(&accepted["order_id"]))).await["status"], "completed");
}

#[tokio::test]
async fn a_folder_serves_one_provider_at_a_time() {
    let provider = Provider::new().await;
    let second = ccp_sim::start(Settings::new(provider.folder.path(), CLIENT_ID, CLIENT_SECRET)).await;
    assert!(second.is_err());
}

#[tokio::test]
async fn a_torn_last_line_is_forgotten_and_a_broken_one_before_it_is_not() {
    let provider = Provider::new().await;
    provider.account().await;
    provider.sim.stop().await;
    let journal = provider.folder.path().join("journal.jsonl");
    let append = |text: &str| File::options().append(true).open(&journal).unwrap().write_all(text.as_bytes()).unwrap();
    append(r#"[{"Account":{"account_id":"acc-torn","#);
    let provider = Provider::in_folder(provider.folder, |_| {}).await;
    assert_eq!(provider.effects().await.len(), 1);
    provider.account().await;
    let provider = provider.restart().await;
    assert_eq!(provider.effects().await.len(), 2);

    provider.sim.stop().await;
    append("[{\n");
    let broken = ccp_sim::start(Settings::new(provider.folder.path(), CLIENT_ID, CLIENT_SECRET)).await;
    assert!(broken.is_err());
}

/// The simulator as a process of its own, killed with the test.
struct Program {
    child: Child,
    client: Client,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn program(folder: &Folder) -> Program {
    let port_file = folder.path().join(format!("port-{}", number()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ccp-sim"));
    command.args(["--client-id", CLIENT_ID, "--completion-ms", "20", "--data"]).arg(folder.path().join("data"));
    command.arg("--port-file").arg(&port_file).env("CCP_SIM_CLIENT_SECRET", CLIENT_SECRET);
    let child = command.stdout(Stdio::null()).spawn().unwrap();
    let port = wait_until("the port file", || async { std::fs::read_to_string(&port_file).ok() }).await;
    Program { child, client: Client::of(format!("http://127.0.0.1:{port}")).await }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_in_a_kill() {
    let folder = Folder::new();
    let mut acknowledged: Vec<(String, Value)> = Vec::new();
    for round in 0..3 {
        let mut program = program(&folder).await;
        let client = program.client.clone();
        let body = json!({"external_ref": format!("account-{round}"), "name": "Acme", "country": "DE"});
        let account = text(&client.post("/v1/accounts", body).await.1["account_id"]);
        let writers: Vec<_> =
            (0..8).map(|_| tokio::spawn(order_until_cut_off(client.clone(), account.clone()))).collect();
        wait_until("some orders are in the ledger", || async {
            (client.effects_of("place_order").await.len() >= acknowledged.len() + 40).then_some(())
        })
        .await;
        program.child.kill().unwrap();
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
    }
    let program = program(&folder).await;
    let effects = program.client.effects_of("place_order").await;
    assert!(acknowledged.len() >= 100, "{} orders were acknowledged", acknowledged.len());
    for (key, order_id) in &acknowledged {
        let of_key: Vec<&Value> = effects.iter().filter(|effect| effect["key"] == key.as_str()).collect();
        assert_eq!((of_key.len(), &of_key[0]["resource_id"]), (1, order_id));
    }
    program.client.settled().await;
    for (_, order_id) in &acknowledged {
        let order = program.client.seen(&format!("/v1/orders/{}", text(order_id))).await;
        assert_eq!(order["status"], "completed");
    }
}

/// Places orders one after another until the connection breaks; answers key and order id of each that was answered.
async fn order_until_cut_off(client: Client, account: String) -> Vec<(String, Value)> {
    let mut answered = Vec::new();
    loop {
        let key = format!("op-{}", number());
        let body = order(&account, &[(1, "office-business", 1)]);
        let Ok((202, answer)) = client.write(Method::POST, "/v1/orders", &key, body).await else { return answered };
        answered.push((key, answer["order_id"].clone()));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn it_stops_when_asked() {
    let folder = Folder::new();
    let mut program = program(&folder).await;
    let pid = program.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = wait_until("the end of the program", || {
        let ended = program.child.try_wait().unwrap();
        async move { ended }
    })
    .await;
    assert!(status.success());
}

async fn all(provider: &Provider, paths: &[String]) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in paths {
        answers.push(provider.seen(path).await);
    }
    answers
}
