//! One account of the provider's is one account of ours, whoever else links it at the same moment.

use commands::account::{LinkAccount, LinkExistingAccount, OpenAccount};
use commands::{Command, Context, Rejection};
use domain::Refusal;
use tests::log_world::{LogProcess, LogWorld, check_log, customer, operator, system};
use uuid::Uuid;

const THEIRS: &str = "acct-1";
const MINE: Uuid = Uuid::from_u128(0xa);
const YOURS: Uuid = Uuid::from_u128(0xb);

/// Two processes, and two accounts that the provider has not answered for.
struct Ground {
    world: LogWorld,
    one: LogProcess,
    other: LogProcess,
}

impl Ground {
    async fn new() -> Self {
        let world = LogWorld::new().await.unwrap();
        let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
        let acme = customer("Acme");
        one.bus.execute(&operator("register"), &acme).await.unwrap();
        let customer_id = acme.details.customer_id;
        for account_id in [MINE, YOURS] {
            let open = OpenAccount { account_id, customer_id, name: "Main".to_owned(), contact: None };
            one.bus.execute(&operator(&format!("open {account_id}")), &open).await.unwrap();
        }
        Self { world, one, other }
    }

    /// One does it, and a process links the other account to the same, having found nothing: the first is written
    /// before the second. Makes sure that the second is told so, and that the first alone was linked.
    async fn links_too_late(&self, asks: &Context, first: &impl Command, late: &LogProcess) {
        let head = self.world.hold_head().await.unwrap();
        let (linking, second) = (operator("links too"), links(YOURS, THEIRS));
        let does = self.one.bus.execute(asks, first);
        let does_too = async {
            self.world.blocked(1).await.unwrap();
            late.bus.execute(&linking, &second).await
        };
        let both_are_at_it = async {
            self.world.blocked(2).await.unwrap();
            head.rollback().await.unwrap();
        };
        let (done, refused, ()) = tokio::join!(does, does_too, both_are_at_it);
        assert_eq!(done.unwrap().status, 200);
        assert!(matches!(refused, Err(Rejection::Refused(Refusal::ProviderAccountTaken))), "{refused:?}");
        assert_eq!(self.linked().await, [MINE.to_string()]);
        check_log(&self.world.app).await.unwrap();
    }

    /// Our accounts that were linked to the provider's, each as often as it was.
    async fn linked(&self) -> Vec<String> {
        let sql = "select aggregate_id from events where event_type = 'AccountLinked' \
                   and payload #>> '{AccountLinked,provider_account_id}' = $1 order by position";
        sqlx::query_scalar(sql).bind(THEIRS).fetch_all(&self.world.app).await.unwrap()
    }
}

fn links(account_id: Uuid, theirs: &str) -> LinkExistingAccount {
    LinkExistingAccount { account_id, provider_account_id: theirs.to_owned() }
}

#[tokio::test]
async fn two_operators_at_two_processes_do_not_link_one_twice() {
    let ground = Ground::new().await;
    ground.links_too_late(&operator("links"), &links(MINE, THEIRS), &ground.other).await;
    // It takes another one; the first may ask again for what it has.
    let free = ground.other.bus.execute(&operator("links another"), &links(YOURS, "acct-2")).await;
    assert_eq!(free.unwrap().status, 200);
    let again = ground.other.bus.execute(&operator("links again"), &links(MINE, THEIRS)).await;
    assert_eq!(again.unwrap().status, 200);
    assert_eq!(ground.linked().await, [MINE.to_string()]);
    check_log(&ground.world.app).await.unwrap();
}

#[tokio::test]
async fn two_operators_at_one_process_do_not_link_one_twice() {
    let ground = Ground::new().await;
    ground.links_too_late(&operator("links"), &links(MINE, THEIRS), &ground.one).await;
}

#[tokio::test]
async fn what_an_operator_has_linked_by_hand_is_not_linked_by_a_late_answer_to_another() {
    let Ground { world, one, other } = Ground::new().await;
    assert_eq!(one.bus.execute(&operator("links"), &links(MINE, THEIRS)).await.unwrap().status, 200);
    let late = LinkAccount { account_id: YOURS, provider_account_id: THEIRS.to_owned() };
    let refused = other.bus.execute(&system("answers"), &late).await;
    assert!(matches!(refused, Err(Rejection::Refused(Refusal::ProviderAccountTaken))), "{refused:?}");
    let own = LinkAccount { account_id: YOURS, provider_account_id: "acct-2".to_owned() };
    assert_eq!(other.bus.execute(&system("answers of its own"), &own).await.unwrap().status, 200);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_the_provider_has_just_answered_is_not_linked_by_hand_to_another() {
    let ground = Ground::new().await;
    let answered = LinkAccount { account_id: MINE, provider_account_id: THEIRS.to_owned() };
    ground.links_too_late(&system("answers"), &answered, &ground.other).await;
}
