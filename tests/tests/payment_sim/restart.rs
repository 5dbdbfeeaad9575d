//! What survives a restart and a kill: everything anybody was told, and all money that moved. And the clock.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tests::payment_sim::{self, Settings};

use crate::support::{Client, Folder, Gateways, KEY, SECRET, TOKEN, number, text, wait_until};

#[tokio::test]
async fn a_restart_changes_nothing() {
    let begin = |settings: &mut Settings| settings.place.clock = Some("2026-10-03T09:00:00Z".parse().unwrap());
    let gateways = Gateways::in_folder(Folder::new(), begin).await;
    let charge = gateways.charge("op-1", "12.50").await;
    gateways.charge("op-2", "12.11").await;
    gateways.control(reqwest::Method::POST, "clock", json!({"to": "2026-10-22T09:00:00Z"})).await;
    gateways.refund(&charge, "ref-1", "2.50").await;
    gateways.settled().await;
    gateways.token(7, 12.5).await.unwrap();
    let answer = gateways.asks("op-3", "inv-3", "1.00").await.unwrap();
    gateways.settled().await;
    let days: Vec<String> =
        gateways.effects().await.iter().map(|effect| text(&effect["at"])[..10].to_owned()).collect();
    assert_eq!(days, ["2026-10-03", "2026-10-22", "2026-10-22", "2026-10-22"]);

    let paths = ["/sim/ledger", "/v1/payment-requests?reference=ref-op-1", "/v1/payment-requests?reference=ref-op-2"];
    let before = all(&gateways, &paths).await;
    let gateways = gateways.restart().await;
    assert_eq!(all(&gateways, &paths).await, before);
    assert_eq!(gateways.asks("op-3", "inv-3", "1.00").await.unwrap(), answer);
    assert!(text(&gateways.seen("/sim/health").await["now"]).starts_with("2026-10-22T09:"));
    assert_eq!(all(&gateways, &paths).await, before);
}

#[tokio::test]
async fn what_was_accepted_before_a_stop_is_finished_after_it() {
    let gateways = Gateways::in_folder(Folder::new(), |settings| settings.delay_ms = 500..=500).await;
    gateways.asks("op-1", "inv-1", "12.50").await.unwrap();
    assert_eq!(gateways.seen("/sim/health").await["unfinished"], 1);
    let gateways = gateways.restart().await;
    gateways.settled().await;
    assert_eq!(gateways.by_ref("inv-1").await.1["status"], "succeeded");
    assert_eq!(gateways.effects().await.len(), 1);
}

#[tokio::test]
async fn a_folder_serves_one_simulator_at_a_time_and_secrets_are_looked_at() {
    let gateways = Gateways::new().await;
    let path = gateways.folder.path();
    assert!(payment_sim::start(Settings::new(path, KEY, TOKEN, SECRET)).await.is_err());
    let other = Folder::new();
    assert!(payment_sim::start(Settings::new(other.path(), KEY, TOKEN, "whsec_")).await.is_err());
    assert!(payment_sim::start(Settings::new(other.path(), "", TOKEN, SECRET)).await.is_err());
}

#[tokio::test]
async fn the_clock_only_goes_forward() {
    let gateways = Gateways::in_folder(Folder::new(), |settings| {
        settings.place.clock = Some("2026-10-03T09:00:00Z".parse().unwrap());
    })
    .await;
    for (to, now) in [("2026-11-01T00:00:00Z", "2026-11-01T00:00"), ("2026-10-05T00:00:00Z", "2026-11-01T00:00")] {
        let answer = gateways.control(reqwest::Method::POST, "clock", json!({ "to": to })).await;
        assert!(text(&answer["now"]).starts_with(now), "{answer}");
    }
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
    let mut command = Command::new(env!("CARGO_BIN_EXE_payment-sim"));
    command.args(["--delay-ms", "20", "--data"]).arg(folder.path().join("data")).arg("--port-file").arg(&port_file);
    command.env("PAYMENT_SIM_WALLET_KEY", KEY).env("PAYMENT_SIM_TOKEN", TOKEN);
    let child = command.env("PAYMENT_SIM_WEBHOOK_SECRET", SECRET).stdout(Stdio::null()).spawn().unwrap();
    let port = wait_until("the port file", || async { std::fs::read_to_string(&port_file).ok() }).await;
    Program { child, client: Client::of(format!("http://127.0.0.1:{port}")) }
}

#[tokio::test]
async fn no_money_is_forgotten_in_a_kill() {
    let folder = Folder::new();
    let (mut accepted, mut charged): (Vec<String>, usize) = (Vec::new(), 0);
    for _ in 0..3 {
        let mut program = program(&folder).await;
        let client = program.client.clone();
        let before = client.effects().await.len();
        let writers: Vec<_> = (0..4).map(|_| tokio::spawn(asks_until_cut_off(client.clone()))).collect();
        let payers: Vec<_> = (0..4).map(|_| tokio::spawn(pays_until_cut_off(client.clone()))).collect();
        wait_until("money has moved", || async { (client.effects().await.len() >= before + 40).then_some(()) }).await;
        program.child.kill().unwrap();
        for writer in writers {
            accepted.extend(writer.await.unwrap());
        }
        for payer in payers {
            charged += payer.await.unwrap();
        }
    }
    let program = program(&folder).await;
    program.client.settled().await;
    let effects = program.client.effects().await;
    for key in &accepted {
        assert_eq!(effects.iter().filter(|effect| effect["key"] == key.as_str()).count(), 1, "{key}");
    }
    let by_token = effects.iter().filter(|effect| effect["reference"].is_null()).count();
    assert!(accepted.len() >= 20 && charged >= 20, "{} accepted, {charged} charged", accepted.len());
    assert!(by_token >= charged, "{charged} were told that they had paid, {by_token} are in the ledger");
}

/// Asks the wallet again and again until the connection breaks; answers the keys of what was accepted.
async fn asks_until_cut_off(client: Client) -> Vec<String> {
    let mut accepted = Vec::new();
    loop {
        let key = format!("op-{}", number());
        let Ok((202, _)) = client.asks(&key, &key, "12.50").await else { return accepted };
        accepted.push(key);
    }
}

/// Pays by token until the connection breaks; answers how often it was told that it had.
async fn pays_until_cut_off(client: Client) -> usize {
    let mut paid = 0;
    while let Ok((200, _)) = client.token(7, 12.5).await {
        paid += 1;
    }
    paid
}

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

async fn all(gateways: &Gateways, paths: &[&str]) -> Vec<Value> {
    let mut answers = Vec::new();
    for path in paths {
        answers.push(gateways.seen(path).await);
    }
    answers
}
