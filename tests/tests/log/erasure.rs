//! Personal data is emptied with the event that says so: in its place among the commands of a batch, and nothing else.

use domain::customer::{Change, ChangeDetails, CustomerCommand, CustomerRules};
use domain::decider::Decider;
use domain::{Actor, AggregateType, Asked, PersonalData, PersonalKind, PersonalRef, StreamId, ids};
use event_log::append::{self, NewEvent, Submission, Verdict};
use sqlx::{Connection, PgConnection};
use tests::log_world::{LogWorld, at, customer, rule_events};
use uuid::Uuid;

/// One customer's stream, decided command by command without asking the log.
struct Life {
    id: Uuid,
    state: <CustomerRules as Decider>::State,
    version: i64,
}

impl Life {
    fn of(name: &str) -> Self {
        Self { id: customer(name).details.customer_id, state: Default::default(), version: 0 }
    }

    fn then(&mut self, command: &CustomerCommand) -> Submission {
        let by = Actor::system("test");
        let decided = CustomerRules::decide(&self.state, &Asked { at: at(), by: &by, command }).unwrap();
        let stream = StreamId::new(AggregateType::Customer, self.id);
        let key = format!("{} after {}", self.id, self.version);
        let mut submission = rule_events(&key, 0, (0, 0)).unwrap();
        for event in decided.events {
            self.version += 1;
            CustomerRules::evolve(&mut self.state, &event);
            let event = NewEvent::encode(stream.clone(), self.version, &event.into(), "{}".to_owned(), Some(self.id));
            submission.events.push(event.unwrap());
        }
        submission.result = Some((stream, self.version));
        submission.personal = decided.personal;
        submission
    }

    fn registers(&mut self, name: &str) -> Submission {
        self.then(&CustomerCommand::Register(customer(name).details))
    }

    fn erases(&mut self) -> Submission {
        self.then(&CustomerCommand::ErasePersonalData { subjects: vec![ids::subject(self.id, "contact")] })
    }

    fn has_another_contact(&mut self) -> Submission {
        let now = self.state.known().unwrap().details();
        self.then(&CustomerCommand::ChangeDetails(ChangeDetails {
            name: now.name,
            seller_entity: now.seller_entity,
            country: now.country,
            legal_name: now.legal_name,
            vat_id: now.vat_id,
            electronic_address: now.electronic_address,
            buyer_reference: now.buyer_reference,
            contact: Some(customer("any").details.contact),
            address: Change::Keep,
        }))
    }
}

/// A licence key: not a person's, so it stays.
fn secret(customer_id: Uuid) -> PersonalData {
    let fields = [("key".to_owned(), "AAAA-BBBB".into())].into_iter().collect();
    let reference = PersonalRef { subject: ids::subject(customer_id, "key"), revision: 1 };
    PersonalData { reference, customer_id, kind: PersonalKind::Secret, fields }
}

async fn has_fields(world: &LogWorld, customer: Uuid, what: &str, revision: i32) -> Option<bool> {
    sqlx::query_scalar("select fields is not null from personal_data where subject_id = $1 and revision = $2")
        .bind(ids::subject(customer, what))
        .bind(revision)
        .fetch_optional(&world.app)
        .await
        .unwrap()
}

async fn in_its_place(world: &LogWorld, name: &str, further: Vec<Submission>) {
    let mut connection = PgConnection::connect(&world.urls.app).await.unwrap();
    let (mut life, mut other) = (Life::of(name), Life::of(&format!("other than {name}")));
    let mut batch = vec![life.registers(name), other.registers(&format!("other than {name}"))];
    batch[0].personal.push(secret(life.id));
    batch.extend([life.has_another_contact(), life.erases(), life.has_another_contact()]);
    let own = batch.len();
    batch.extend(further);
    let verdicts = append::append(&mut connection, &batch).await.unwrap();
    assert!(verdicts[..own].iter().all(|verdict| matches!(verdict, Verdict::Appended { .. })), "{verdicts:?}");
    let seen = [(1, Some(false)), (2, Some(false)), (3, Some(true)), (0, None)];
    for (revision, expected) in seen {
        assert_eq!(has_fields(world, life.id, "contact", revision).await, expected, "{name}, revision {revision}");
    }
    assert_eq!(has_fields(world, life.id, "key", 1).await, Some(true));
    assert_eq!(has_fields(world, other.id, "contact", 1).await, Some(true));
    // Nothing is left of the mark itself.
    let rows: i64 = sqlx::query_scalar("select count(*) from personal_data where customer_id = $1")
        .bind(life.id)
        .fetch_one(&world.app)
        .await
        .unwrap();
    assert_eq!(rows, 4);
}

#[tokio::test]
async fn erasure_empties_what_was_there_before_it_and_no_more() {
    let world = LogWorld::new().await.unwrap();
    in_its_place(&world, "all at once", Vec::new()).await;
    // A stream that has moved on has the batch walked through, command by command.
    let conflict = rule_events("late", 3, (7, 1)).unwrap();
    let (first, second) = (rule_events("twice", 4, (0, 1)).unwrap(), rule_events("again", 4, (0, 1)).unwrap());
    in_its_place(&world, "one by one", vec![first, second, conflict]).await;
}
