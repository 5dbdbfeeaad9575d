//! Who wants no mail gets none, who can get none is given up, and the order knows.

use serde_json::{Value, json};
use tests::story;

use super::{Post, part, says, subjects};

#[tokio::test]
async fn an_order_is_told_with_the_outcome_of_every_line() -> anyhow::Result<()> {
    let post = Post::opens().await?;
    let (office, guard) = (post.world.service("office-business")?, post.world.service("mail-guard")?);
    let reader = post.knows("Monat & Söhne", "ada@story.example").await?;
    let order = reader.orders(&[(office, 3), (guard, 2)]).await?;
    let told = reader.is_told(&order).await?;
    assert_eq!(told["processes"]["notification"]["state"], "completed");
    let letters = post.waits_for(&reader.address, 1).await?;
    assert_eq!(subjects(&letters), [format!("Your order {order} is provided")]);
    let names = told["lines"].as_array().unwrap().iter().map(|line| line["service_name"].as_str().unwrap());
    let names: Vec<&str> = names.collect();
    let link = format!("https://shop.example/v1/orders/{order}");
    says(
        &letters[0],
        &["Hello Buyer of Monat & Söhne,", names[0], names[1], "3 ×", "Provided", "Monat & Söhne", &link],
    );
    headers(&letters[0]);

    reader.sets(&json!({ "locale": "de" })).await?;
    let reject = json!({ "fault": "reject_line", "match": { "path": "/v1/orders" }, "times": 1 });
    story::troubles(&post.world, &reject).await?;
    let order = reader.orders(&[(office, 1), (guard, 1)]).await?;
    let told = reader.is_told(&order).await?;
    let letters = post.waits_for(&reader.address, 2).await?;
    let expected = match told["status"].as_str() {
        Some("partially_fulfilled") => format!("Ihre Bestellung {order} ist teilweise bereitgestellt"),
        _ => format!("Ihre Bestellung {order} konnte nicht bereitgestellt werden"),
    };
    assert_eq!(subjects(&letters)[1], expected, "{told}");
    says(&letters[1], &["Guten Tag Buyer of Monat & Söhne,", "Abgelehnt"]);
    assert_eq!(letters[1]["headers"]["Content-Language"], "de");
    nobody_is_named(&post, &reader.address)
}

fn headers(letter: &Value) {
    let headers = &letter["headers"];
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    assert_eq!(headers["List-Id"], "<order.fulfilled.notifications.cloudsales.example>");
    assert_eq!(headers["From"], "\"Cloudsales GmbH\" <billing@cloudsales.example>");
    assert_eq!((part(letter, "from"), &letter["copies"]), ("billing@cloudsales.example", &json!(1)));
    assert!(part(letter, "message_id").ends_with("@cloudsales.example"), "{letter}");
}

/// Neither in the logs nor in what operators see.
fn nobody_is_named(post: &Post, address: &str) -> anyhow::Result<()> {
    for log in std::fs::read_dir(&post.world.settings.logs)? {
        let path = log?.path();
        if !path.ends_with("mail-sink.log") {
            assert!(!std::fs::read_to_string(&path)?.contains(address), "{address} is in {}", path.display());
        }
    }
    Ok(())
}

#[tokio::test]
async fn who_wants_no_mail_gets_none() -> anyhow::Result<()> {
    let post = Post::opens().await?;
    let service = post.world.service("office-business")?;
    let reader = post.knows("Quiet", "quiet@story.example").await?;
    reader.sets(&json!({ "channels": { "order.fulfilled": ["webhook"] } })).await?;
    let told = reader.is_told(&reader.orders(&[(service, 1)]).await?).await?;
    assert_eq!(told["processes"]["notification"]["state"], "completed");
    assert_eq!(post.outcomes().await?, ["done: not wanted"]);

    reader.sets(&json!({})).await?;
    reader.is_told(&reader.orders(&[(service, 1)]).await?).await?;
    assert_eq!(post.waits_for(&reader.address, 1).await?.len(), 1, "wanted again");
    Ok(())
}

#[tokio::test]
async fn who_was_erased_is_told_nothing() -> anyhow::Result<()> {
    let post = Post::opens().await?;
    let service = post.world.service("office-business")?;
    let reader = post.knows("Forgotten", "forgotten@story.example").await?;
    let path = format!("/v1/customers/{}/erase-personal-data", reader.id);
    post.operator.post(&path, &story::new_key(), &json!({}), 200).await?;
    let told = reader.is_told(&reader.orders(&[(service, 1)]).await?).await?;
    assert_eq!(told["processes"]["notification"]["state"], "completed");
    assert_eq!(post.outcomes().await?, ["done: nobody to tell"]);
    assert!(post.letters(&reader.address).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_refused_is_given_up_and_one_that_is_put_off_is_tried_again() -> anyhow::Result<()> {
    let post = Post::opens().await?;
    let service = post.world.service("office-business")?;
    let gone = post.knows("Gone", "refused@story.example").await?;
    let told = gone.is_told(&gone.orders(&[(service, 1)]).await?).await?;
    assert_eq!(told["processes"]["notification"]["state"], "error", "{told}");
    assert_eq!(post.outcomes().await?, ["done: refused (550)"]);
    assert!(post.letters(&gone.address).await?.is_empty());

    let busy = post.knows("Busy", "later@story.example").await?;
    let told = busy.is_told(&busy.orders(&[(service, 1)]).await?).await?;
    assert_eq!(told["processes"]["notification"]["state"], "completed");
    assert_eq!(post.letters(&busy.address).await?.len(), 1);
    assert_eq!(post.outcomes().await?, ["done: refused (550)", "done: sent"]);
    nobody_is_named(&post, &gone.address)
}

#[tokio::test]
async fn without_a_mail_server_nobody_waits_for_one() -> anyhow::Result<()> {
    let world = tests::world::World::start().await?;
    let cast = story::cast(&world)?;
    let service = world.service("office-business")?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &[(service, 1)]).await?.id()?;
    let failed = |body: &Value| body["processes"]["notification"]["state"] == "error";
    cast.customer.wait_until(&format!("/v1/orders/{order}"), failed).await?;
    let outcomes = "select outcome from effects where lane = 'mail'";
    assert_eq!(story::texts(&world, outcomes).await?, ["no mail server is configured"]);
    Ok(())
}
