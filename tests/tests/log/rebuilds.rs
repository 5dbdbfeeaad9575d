//! Rebuilds that meet what cannot be applied, and what others have left behind.

use event_log::Reader as _;
use event_log::release::{self, Released};
use projections::{ReadModel, model, rebuild};
use tests::log_world::{LogProcess, LogWorld, SetTerms, customer, operator, persist, system};

fn directory() -> ReadModel {
    projections::all().into_iter().find(|model| model.name() == model::DIRECTORY).unwrap()
}

/// A log with three customers, one of whom has terms of its own: four events.
async fn with_customers(world: &LogWorld) -> LogProcess {
    let process = world.process().await.unwrap();
    for name in ["Acme", "Globex", "Initech"] {
        persist(&process.bus, &operator(name), &customer(name)).await.unwrap();
    }
    let terms = SetTerms { customer_id: customer("Globex").details.customer_id, payment_days: 20 };
    persist(&process.bus, &system("terms"), &terms).await.unwrap();
    process
}

async fn shown(world: &LogWorld) -> Vec<String> {
    let sql = "select c.name from read_customers c join readers r on r.name = $1 and r.generation = c.generation \
               order by c.name";
    sqlx::query_scalar(sql).bind(model::DIRECTORY).fetch_all(&world.app).await.unwrap()
}

async fn change(world: &LogWorld, sql: &str) {
    sqlx::query(sql).execute(&world.owner).await.unwrap();
}

/// Otherwise one event that no row can be made of would keep a newer build from starting.
#[tokio::test]
async fn a_rebuild_parks_what_the_live_reader_would() {
    let world = LogWorld::new().await.unwrap();
    let _process = with_customers(&world).await;
    let directory = directory();
    rebuild::bring_up_to_date(&world.app, &directory).await.unwrap();
    change(&world, "alter table read_customers add constraint no_room check (name <> 'Globex')").await;

    let rebuilt = rebuild::rebuild(&world.app, &directory, |_, _| {}).await.unwrap();
    assert_eq!((rebuilt.generation, rebuilt.position), (2, 4));
    assert_eq!(shown(&world).await, ["Acme", "Initech"]);
    let letters: Vec<(i64, i64, String)> = sqlx::query_as(
        "select id, position, reason from dead_letters where reader = $1 and generation = 2 order by position",
    )
    .bind(model::DIRECTORY)
    .fetch_all(&world.app)
    .await
    .unwrap();
    assert_eq!(letters.iter().map(|letter| letter.1).collect::<Vec<_>>(), [2, 4]);
    assert!(letters[0].2.contains("no_room"), "{}", letters[0].2);

    change(&world, "alter table read_customers drop constraint no_room").await;
    let letter = release::find(&world.app, letters[0].0).await.unwrap().unwrap();
    assert_eq!(release::release(&world.app, &directory, &letter).await.unwrap(), Released::All);
    assert_eq!(shown(&world).await, ["Acme", "Globex", "Initech"]);
}

#[tokio::test]
async fn rows_of_an_older_build_are_made_anew_though_whoever_began_has_died() {
    let world = LogWorld::new().await.unwrap();
    let _process = with_customers(&world).await;
    let directory = directory();
    rebuild::bring_up_to_date(&world.app, &directory).await.unwrap();
    assert_eq!(rebuild::if_asked(&world.app, &directory).await.unwrap(), None);

    change(&world, "update readers set version = 1 where name = 'directory'").await;
    let rebuilt = rebuild::if_asked(&world.app, &directory).await.unwrap().unwrap();
    assert_eq!((rebuilt.generation, rebuilt.position), (2, 4));
    assert_eq!(shown(&world).await, ["Acme", "Globex", "Initech"]);
    assert_eq!(rebuild::if_asked(&world.app, &directory).await.unwrap(), None);

    // A newer build's are its own affair.
    change(&world, "update readers set version = 1000, asked_generation = 9 where name = 'directory'").await;
    assert_eq!(rebuild::if_asked(&world.app, &directory).await.unwrap(), None);
}

/// The number has moved, and the process died before it had deleted what was shown until then.
#[tokio::test]
async fn a_rebuild_clears_away_what_another_has_left() {
    let world = LogWorld::new().await.unwrap();
    let _process = with_customers(&world).await;
    let directory = directory();
    rebuild::bring_up_to_date(&world.app, &directory).await.unwrap();
    rebuild::rebuild(&world.app, &directory, |_, _| {}).await.unwrap();
    change(&world, "update read_customers set generation = 1").await;

    assert_eq!(rebuild::rebuild(&world.app, &directory, |_, _| {}).await.unwrap().generation, 3);
    let generations: Vec<i32> =
        sqlx::query_scalar("select distinct generation from read_customers").fetch_all(&world.app).await.unwrap();
    assert_eq!(generations, [3]);
}
