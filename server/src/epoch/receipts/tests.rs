use model::Epoch;

use super::{
    known::{KEPT, MOST},
    *,
};
use crate::{
    source::Taken,
    store::{Receipt, SealedReceipts},
};

fn receipts() -> Receipts {
    Receipts::load(Arc::new(Log::in_memory())).unwrap()
}

fn seal(receipts: &Receipts, claim: Claim, at: u64) {
    let receipt = Receipt {
        digest: [7; 32],
        epoch: Epoch(1),
        taken: Taken::default(),
    };
    let sealed = SealedReceipts {
        at,
        fresh: vec![(claim.key(), receipt)],
        expired: 0,
    };
    receipts
        .log
        .seal(&[], &[], &sealed, Epoch(0), Epoch(0))
        .unwrap();
    claim.keep(at);
}

async fn new(receipts: &Receipts, key: u128) -> Claim {
    match receipts.claim(DeliveryKey(key)).await {
        Ok(Claimed::New(claim)) => claim,
        other => panic!("{key} is not new: {other:?}"),
    }
}

async fn is_known(receipts: &Receipts, key: u128) -> bool {
    let claimed = receipts.claim(DeliveryKey(key)).await.unwrap();
    matches!(claimed, Claimed::Before(_))
}

#[tokio::test]
async fn a_repeat_waits_for_the_first_and_is_told_what_came_of_it() {
    let receipts = receipts();
    let first = new(&receipts, 1).await;
    let repeat = tokio::spawn({
        let receipts = receipts.clone();
        async move { is_known(&receipts, 1).await }
    });
    new(&receipts, 2).await;
    assert!(!repeat.is_finished());
    seal(&receipts, first, clock::now());
    assert!(repeat.await.unwrap());
}

#[tokio::test]
async fn others_are_told_what_is_open_what_is_sealed_and_what_is_over() {
    let receipts = receipts();
    lock(&receipts.known).keep_closed();
    let state = |key| receipts.state(DeliveryKey(key)).unwrap();
    let claim = new(&receipts, 1).await;
    assert_eq!(
        state(1),
        KeyState::Unknown,
        "who asks himself may be second"
    );
    receipts.grant(DeliveryKey(1));
    assert_eq!(state(1), KeyState::Open);
    seal(&receipts, claim, clock::now());
    assert!(matches!(state(1), KeyState::Sealed(_)));
    drop(new(&receipts, 2).await);
    assert_eq!(state(2), KeyState::Unknown);
    assert_eq!(receipts.closed(), [DeliveryKey(1), DeliveryKey(2)]);
    assert_eq!(receipts.closed(), [], "it is told once");
    let of_two = KeyState::Open.or(state(1)).or(KeyState::Unknown);
    assert_eq!(of_two, state(1));
}

#[tokio::test]
async fn a_key_that_came_to_nothing_is_free() {
    let receipts = receipts();
    drop(new(&receipts, 1).await);
    new(&receipts, 1).await;
}

#[tokio::test]
async fn it_is_known_for_a_day_in_the_next_run_too() {
    let receipts = receipts();
    let now = clock::now();
    for (key, age) in [
        (1, KEPT + Duration::from_secs(1)),
        (2, KEPT - Duration::from_secs(60)),
    ] {
        let claim = new(&receipts, key).await;
        seal(&receipts, claim, now - age.as_millis() as u64);
    }
    let again = Receipts::load(receipts.log.clone()).unwrap();
    for receipts in [receipts, again] {
        assert!(is_known(&receipts, 2).await);
        assert!(!is_known(&receipts, 1).await);
    }
}

#[tokio::test]
async fn there_is_a_limit_that_time_lifts() {
    let receipts = receipts();
    let old = clock::now() - KEPT.as_millis() as u64;
    let mut open = Vec::new();
    for key in 0..MOST as u128 {
        open.push(new(&receipts, key).await);
    }
    let error = receipts.claim(DeliveryKey(100)).await.unwrap_err();
    assert!(matches!(error, ClaimError::Full), "{error}");
    for claim in open {
        seal(&receipts, claim, old);
    }
    new(&receipts, 100).await;
}

#[test]
fn what_is_sealed_later_is_not_earlier() {
    let receipts = receipts();
    let ahead = clock::now() + 10_000;
    lock(&receipts.known).insert(ahead, DeliveryKey(1));
    assert_eq!(receipts.now(), ahead);
}
