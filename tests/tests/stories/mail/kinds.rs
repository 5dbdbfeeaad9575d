//! A month and its aftermath, told in both languages: invoices, payments, reminders, the suspension.

use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};
use tests::demo::collection::{Buyer, IN_FUNDS, SHORT_OF_MONEY, Till, text};
use tests::story;

use super::{Post, part, says, subjects};

const BEGINS: &str = "2026-10-01T09:00:00Z";
/// When what is due on 15 November suspends.
const SUSPENDS: &str = "2026-12-15";

/// From now on it has an address of its own and reads a language.
async fn reads(till: &Till, buyer: &Buyer, address: &str, locale: &str) -> anyhow::Result<()> {
    let contact = json!({ "contact": { "name": buyer.name, "email": address } });
    let path = format!("/v1/customers/{}", buyer.id);
    story::expect(story::ask(&till.operator, Method::PATCH, &path, None, Some(&contact)).await?, 200)?;
    let path = format!("/v1/notification-preferences?customer_id={}", buyer.id);
    let set = story::ask(&till.operator, Method::PUT, &path, None, Some(&json!({ "locale": locale }))).await?;
    story::expect(set, 200)?;
    Ok(())
}

#[tokio::test]
async fn everything_about_money_is_told_in_the_readers_language() -> anyhow::Result<()> {
    let post = Post::opens_at(BEGINS).await?;
    let till = Till::open(&post.world.site()).await?;
    let mut readers = Vec::new();
    for (name, net, locale) in [
        ("Prompt", IN_FUNDS, "en"),
        ("Pünktlich", IN_FUNDS, "de"),
        ("Tardy", SHORT_OF_MONEY, "en"),
        ("Säumig", SHORT_OF_MONEY, "de"),
    ] {
        let buyer = till.sells(name, net, json!({})).await?;
        let address = format!("{}@story.example", readers.len());
        reads(&till, &buyer, &address, locale).await?;
        readers.push((buyer, address));
    }
    till.begins(SUSPENDS.parse()?).await?;
    let mut letters = Vec::new();
    for (buyer, address) in &readers {
        letters.push((till.invoice_of(&buyer.id).await?, post.letters(address).await?));
    }
    let [prompt, punctual, tardy, late] = &letters[..] else { panic!("four readers") };
    paid_in_english(prompt)?;
    paid_in_german(punctual)?;
    dunned_in_english(tardy)?;
    dunned_in_german(late)?;
    let all = letters.iter().flat_map(|(_, letters)| letters);
    assert!(all.clone().all(|letter| letter["copies"] == 1));
    let waits = story::texts(&post.world, "select kind from effects where lane = 'mail' and state <> 'done'").await?;
    assert!(waits.is_empty(), "{waits:?}");
    Ok(())
}

type Read = (Value, Vec<Value>);

fn paid_in_english((invoice, letters): &Read) -> anyhow::Result<()> {
    let number = text(invoice, "number")?;
    let issued = format!("Invoice {number} from Cloudsales GmbH: EUR 119.00");
    assert_eq!(subjects(letters), [issued.as_str(), "We have received your payment of EUR 119.00"]);
    let link = format!("https://shop.example/v1/invoices/{}/document?format=pdf", text(invoice, "id")?);
    says(&letters[0], &[number, "1 November 2026", "for October 2026", "EUR 119.00", "15 November 2026", &link]);
    says(&letters[1], &["15 November 2026", number, "EUR 119.00", "The invoice is paid."]);
    Ok(())
}

fn paid_in_german((invoice, letters): &Read) -> anyhow::Result<()> {
    let number = text(invoice, "number")?;
    let issued = format!("Rechnung {number} von Cloudsales GmbH: 119,00 EUR");
    assert_eq!(subjects(letters), [issued.as_str(), "Wir haben Ihre Zahlung über 119,00 EUR erhalten"]);
    says(
        &letters[0],
        &["Guten Tag Pünktlich", "1. November 2026", "für Oktober 2026", "am 15. November 2026 selbst ein"],
    );
    says(&letters[1], &["15. November 2026", number, "119,00 EUR", "Die Rechnung ist damit bezahlt."]);
    assert_eq!(letters[1]["headers"]["Content-Language"], "de");
    Ok(())
}

fn dunned_in_english((invoice, letters): &Read) -> anyhow::Result<()> {
    let (number, due) = (text(invoice, "number")?, "15 November 2026");
    let failed = "Your payment of EUR 120.11 did not succeed".to_owned();
    let expected = [
        format!("Invoice {number} from Cloudsales GmbH: EUR 120.11"),
        failed.clone(),
        format!("Reminder: invoice {number} was due on {due}"),
        format!("Second reminder: invoice {number} was due on {due}"),
        failed.clone(),
        format!("Last reminder: invoice {number} was due on {due}"),
        failed.clone(),
        failed,
        format!("Suspended: invoice {number} was due on {due}"),
    ];
    assert_eq!(subjects(letters), expected);
    says(&letters[1], &["there is not enough money in your wallet", "We try again on 23 November 2026."]);
    says(&letters[5], &["If it is not paid by 15 December 2026, your subscriptions are suspended", "EUR 120.11"]);
    says(&letters[7], &["We do not try again by ourselves"]);
    says(&letters[8], &["30 days after it was due", "Your subscriptions are therefore suspended"]);
    Ok(())
}

fn dunned_in_german((invoice, letters): &Read) -> anyhow::Result<()> {
    let (number, due) = (text(invoice, "number")?, "15. November 2026");
    let reminders: Vec<&str> = subjects(letters).into_iter().filter(|subject| subject.contains("fällig")).collect();
    let expected = ["Erinnerung", "Zweite Erinnerung", "Letzte Erinnerung", "Gesperrt"];
    assert_eq!(reminders, expected.map(|word| format!("{word}: Rechnung {number} war am {due} fällig")));
    let failed: Vec<&Value> =
        letters.iter().filter(|letter| part(letter, "subject").contains("nicht erfolgreich")).collect();
    assert_eq!(failed.len(), 4);
    says(
        failed[0],
        &["Ihr Guthaben beim Zahlungsdienst reicht nicht", "120,11 EUR", "am 23. November 2026 noch einmal"],
    );
    let last = letters.iter().find(|letter| part(letter, "subject").starts_with("Letzte")).unwrap();
    says(last, &["bis zum 15. Dezember 2026 nicht bezahlt", "werden Ihre Abonnements gesperrt"]);
    Ok(())
}

#[tokio::test]
async fn who_has_paid_meanwhile_is_not_reminded() -> anyhow::Result<()> {
    let mut post = Post::opens_at(BEGINS).await?;
    let till = Till::open(&post.world.site()).await?;
    let buyer = till.sells("Crossed", SHORT_OF_MONEY, json!({})).await?;
    let due: NaiveDate = "2026-11-15".parse()?;
    till.begins(due).await?;
    post.sink.kill9().await?;
    till.begins(due.succ_opt().unwrap()).await?;
    till.receives(&buyer.id).await?;
    post.sink.start_again().await?;
    let settled = |body: &Value| body["data"].as_array().is_some_and(Vec::is_empty);
    post.operator.wait_until("/v1/admin/effects?state=due", settled).await?;
    let outcomes = post.outcomes().await?;
    assert!(outcomes.contains(&"done: nothing to tell any more".to_owned()), "{outcomes:?}");
    let letters = post.letters("buyer@story.example").await?;
    assert!(!subjects(&letters).iter().any(|subject| subject.starts_with("Reminder")), "{:?}", subjects(&letters));
    Ok(())
}
