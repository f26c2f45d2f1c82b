use engine::{alerts::PlaceKind, grammar::Grammar};
use model::Window;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{secret::Secret, web::testing::Counting};

fn alerts() -> Alerts {
    Alerts::load(Arc::new(Log::in_memory())).unwrap()
}

fn alert(epoch: u64, waiting: &[u64]) -> Alert {
    Alert {
        id: format!("alert_{epoch}"),
        kind: AlertKind::Count,
        tag: format!("#t{epoch}"),
        window: Window::OneHour,
        count: 1_200,
        people: None,
        score: None,
        threshold: 1_000.0,
        epoch: Epoch(epoch),
        at: "2026-11-22T18:30:24Z".to_owned(),
        fired: 0,
        waiting: waiting.to_vec(),
    }
}

async fn fire(alerts: &Alerts, epochs: std::ops::Range<u64>, waiting: &[u64]) {
    let last = Epoch(epochs.end);
    let fired = epochs.map(|epoch| alert(epoch, waiting)).collect();
    alerts.fire(last, fired, BTreeMap::new()).await.unwrap();
}

fn listed(alerts: &Alerts) -> Vec<u64> {
    let newest = alerts.newest(3, |_| false);
    newest.iter().map(|alert| alert.epoch.0).collect()
}

/// The same after a restart.
fn restarted(alerts: &Alerts) -> Alerts {
    Alerts::load(alerts.0.log.clone()).unwrap()
}

#[tokio::test]
async fn what_was_delivered_waits_no_longer_after_a_restart_either() {
    let alerts = alerts();
    fire(&alerts, 1..3, &[7, 8]).await;
    assert_eq!(alerts.numbers().waiting, 4);
    alerts.settle(7, &[0], End::Delivered).await.unwrap();
    alerts.settle(7, &[0], End::Delivered).await.unwrap();
    let numbers = Numbers {
        fired: 2,
        delivered: 1,
        failed: 0,
        waiting: 3,
    };
    assert_eq!(alerts.numbers(), numbers);
    let again = restarted(&alerts);
    assert_eq!(again.numbers().waiting, 3);
    assert_eq!(
        (again.waiting_for(7), again.waiting_for(8)),
        (vec![1], vec![0, 1])
    );
    assert_eq!(listed(&again), [2, 1]);
    fire(&again, 3..4, &[7]).await;
    assert_eq!(again.waiting_for(7), [1, 2], "numbers go on");
    again.keep_receivers(&Settings::default()).await.unwrap();
    assert_eq!((again.numbers().waiting, again.numbers().failed), (0, 4));
    assert_eq!(restarted(&again).numbers().waiting, 0);
}

#[tokio::test]
async fn of_too_many_the_oldest_leave_and_have_failed() {
    let alerts = alerts();
    let most = MOST as u64;
    fire(&alerts, 0..most, &[7]).await;
    fire(&alerts, most..most + 5, &[7]).await;
    assert_eq!(
        (alerts.numbers().waiting, alerts.numbers().failed),
        (most, 5)
    );
    let again = restarted(&alerts);
    assert_eq!(
        (again.numbers().waiting, again.waiting_for(7)[0]),
        (most, 5)
    );
    // Also of those that come at once.
    fire(&alerts, 0..2 * most, &[7]).await;
    assert_eq!(
        (
            alerts.numbers().waiting,
            restarted(&alerts).numbers().waiting
        ),
        (most, most)
    );
    assert_eq!(alerts.numbers().failed, 2 * most + 5);
}

#[tokio::test]
async fn the_one_that_was_refused_least_is_next_the_oldest_first() {
    let alerts = alerts();
    fire(&alerts, 0..3, &[7]).await;
    let next = |tried: &[(u64, u32)]| {
        let tried = tried.iter().copied().collect();
        alerts.next(7, &tried).map(|(number, _)| number)
    };
    assert_eq!(next(&[]), Some(0));
    assert_eq!(next(&[(0, 1)]), Some(1));
    assert_eq!(next(&[(0, 1), (1, 1), (2, 2)]), Some(0));
    assert!(alerts.next(8, &HashMap::new()).is_none());
}

#[tokio::test]
async fn the_board_has_the_newest_of_ten_minutes_and_none_that_is_hidden() {
    let alerts = alerts();
    fire(&alerts, 1000..1005, &[]).await;
    let shown = |now, blocked: &'static str| -> Vec<u64> {
        let notices = alerts.notices(Epoch(now), Duration::from_secs(2), |tag| tag == blocked);
        notices.iter().map(|notice| notice.epoch.0).collect()
    };
    assert_eq!(shown(1004, ""), [1004, 1003, 1002]);
    assert_eq!(shown(1004, "#t1003"), [1004, 1002, 1001]);
    assert_eq!(shown(1303, ""), [1004]);
    assert_eq!(shown(1304, ""), Vec::<u64>::new());
    let told = alerts.notices(Epoch(1004), Duration::from_secs(2), |_| false);
    assert_eq!(told[0].told, "has 1,200 mentions in the last hour");
    let rise = Alert {
        kind: AlertKind::Rise,
        score: Some(8.25),
        ..alert(1, &[])
    };
    let told = rise.notice().told;
    assert_eq!(told, "has a rise of 8.3: 1,200 mentions in the last hour");
}

#[tokio::test]
async fn a_rule_that_is_spent_is_kept_with_what_it_has_fired() {
    let alerts = alerts();
    let place = Place {
        kind: PlaceKind::Count(Window::OneHour, 3),
        key: Grammar::Twitter.key_of("#a").unwrap().as_str().to_owned(),
    };
    let spent = Spent {
        since: Epoch(5),
        low_since: None,
    };
    let changed = BTreeMap::from([(place.clone(), Some(spent))]);
    alerts
        .fire(Epoch(5), vec![alert(5, &[])], changed)
        .await
        .unwrap();
    let kept = alerts.0.log.spent_alerts().unwrap();
    assert_eq!(kept, (Epoch(5), vec![(place, spent)]));
}

#[tokio::test]
async fn what_is_too_old_is_given_up_and_what_is_not_is_told() {
    let alerts = alerts();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let key = signing::SigningKey::of(&secret).unwrap();
    let receiver = webhook::Receiver::new(address.parse().unwrap(), key);
    let id = receiver.id;
    fire(&alerts, 0..2, &[id]).await;
    let fresh = Alert {
        fired: crate::epoch::now(),
        ..alert(2, &[id])
    };
    let fired = alerts.fire(Epoch(2), vec![fresh], BTreeMap::new());
    fired.await.unwrap();
    let (stop, counting) = (CancellationToken::new(), Counting::default());
    let site = "http://tags.example".to_owned();
    let delivering = deliver(
        vec![receiver],
        client().unwrap(),
        alerts.clone(),
        counting.live(),
        site,
        stop.clone(),
    );
    let delivering = tokio::spawn(delivering);
    // It comes to the last of them, and waits for an answer.
    let _connection = silent.accept().await.unwrap();
    assert_eq!(
        (alerts.numbers().failed, alerts.waiting_for(id)),
        (2, vec![2])
    );
    stop.cancel();
    delivering.await.unwrap();
    assert_eq!(restarted(&alerts).waiting_for(id), [2]);
}
