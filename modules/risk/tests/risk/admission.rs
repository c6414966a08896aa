//! Several bots that ask for the same room at once.

use crate::support::{HALTS, LIMITS, amount, app, bot, hold, manager, place, purchase};
use chrono::TimeDelta;
use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use risk::{Admission, Limit, Refusal, Venture};
use rust_decimal::Decimal;
use testkit::{Member, PgPool, TestApp, db_test, json};
use trading::money::Notional;
use uuid::Uuid;

/// Asks for an order's room and writes the order if it gets it, as a bot does.
async fn ask(app: &TestApp, of: &Member, bot: Uuid, (number, budget): (u64, u32), held: Notional) -> Option<Refusal> {
    let mut tx = app.tenant(of.tenant).await;
    let order = purchase(bot, number, &budget.to_string());
    let mut admission = Admission::open(&mut tx, "USDT", &[(bot, held)]).await.unwrap();
    let venture = Venture { bot, price: "100".parse().unwrap(), orders: &[order] };
    let refusal = admission.admit(&venture).pop().map(|(_, refusal)| refusal);
    admission.close(&mut tx).await.unwrap();
    if refusal.is_none() {
        place(&mut tx, bot, &order).await;
    }
    tx.commit().await.unwrap();
    refusal
}

/// All orders of a bot, one after the other; answers the refused budgets.
async fn ask_all(app: &TestApp, of: &Member, bot: Uuid, budgets: &[u32]) -> Vec<u32> {
    let (mut held, mut refused) = (Notional::ZERO, vec![]);
    for (number, budget) in (1..).zip(budgets) {
        match ask(app, of, bot, (number, *budget), held).await {
            None => held += amount(&budget.to_string()),
            Some(_) => refused.push(*budget),
        }
    }
    refused
}

#[db_test]
async fn whatever_bots_ask_for_at_once_the_sums_are_never_beyond_their_limits(db: PgPool) {
    let app = app(db).await;
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let cases = (1_u32..2_000, 1_usize..12, vec(vec(1_u32..600, 1..5), 3));
    for _ in 0..12 {
        let (exposure, orders, wishes) = cases.new_tree(&mut runner).unwrap().current();
        let ana = manager(&app).await;
        let limits = json!({ "maxExposure": exposure.to_string(), "maxOrdersPerMinute": orders });
        ana.put(LIMITS, &limits).await.ok();
        let mut tx = app.tenant(ana.tenant).await;
        let bots = [
            bot(&mut tx, "live", "9000").await,
            bot(&mut tx, "live", "9000").await,
            bot(&mut tx, "live", "9000").await,
        ];
        tx.commit().await.unwrap();
        let asked = bots.iter().zip(&wishes).map(|(bot, wishes)| ask_all(&app, &ana, *bot, wishes));
        let refused = futures::future::join_all(asked).await.concat();

        let usdt = ana.get("/api/v1/risk").await.ok()["currencies"][0].clone();
        let ventured: Decimal = usdt["exposure"].as_str().unwrap().parse().unwrap();
        let sent = usize::try_from(usdt["ordersLastMinute"].as_u64().unwrap()).unwrap();
        assert!(ventured <= exposure.into() && sent <= orders, "{limits} {wishes:?}: {usdt}");
        assert_eq!(sent + refused.len(), wishes.iter().map(Vec::len).sum::<usize>());
        let fits = |budget: &u32| ventured + Decimal::from(*budget) <= exposure.into() && sent < orders;
        assert!(!refused.iter().any(fits), "{limits} {wishes:?}: refused {refused:?} without need: {usdt}");
    }
}

#[db_test]
async fn no_sixty_seconds_hold_more_orders_than_may_be(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxOrdersPerMinute": 2 })).await.ok();
    let mut tx = app.tenant(ana.tenant).await;
    let bot = bot(&mut tx, "live", "9000").await;
    tx.commit().await.unwrap();
    let mut admitted = vec![];
    for (number, second) in (1..).zip([0, 10, 20, 59, 60, 61, 69, 70, 100, 119, 120, 130]) {
        app.clock().advance(TimeDelta::seconds(second - seconds(&app)));
        if ask(&app, &ana, bot, (number, 1), Notional::ZERO).await.is_none() {
            admitted.push(second);
        }
    }
    assert_eq!(admitted, [0, 10, 60, 70, 120, 130]);
}

/// Seconds since noon, when the clock of a test begins.
fn seconds(app: &TestApp) -> i64 {
    app.clock().now().millis() / 1_000 % 43_200
}

#[db_test]
async fn what_others_hold_and_have_ordered_counts_and_paper_does_not(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxExposure": "1000" })).await.ok();
    let mut tx = app.tenant(ana.tenant).await;
    let (mine, other, paper) =
        (bot(&mut tx, "live", "9000").await, bot(&mut tx, "live", "900").await, bot(&mut tx, "paper", "900").await);
    hold(&mut tx, other, "900", "3").await;
    hold(&mut tx, paper, "900", "9").await;
    place(&mut tx, other, &purchase(other, 2, "200")).await;
    tx.commit().await.unwrap();
    let refusal = ask(&app, &ana, mine, (1, 401), amount("100")).await;
    let Some(Refusal::Beyond { limit, wanted, excess, .. }) = refusal else { panic!("{refusal:?}") };
    assert_eq!((limit, wanted, excess), (Limit::MaxExposure, 1_001.into(), 1.into()));
    assert_eq!(ask(&app, &ana, mine, (1, 400), amount("100")).await, None);
    // halted, nothing gets room
    ana.post(HALTS, &json!({ "reason": "Stop.", "currency": "USDT" })).await.created();
    let refusal = ask(&app, &ana, other, (3, 1), Notional::ZERO).await;
    assert_eq!(refusal, Some(Refusal::Halted { message: "Stop.".to_owned() }));
}

#[db_test]
async fn what_only_reduces_always_passes(db: PgPool) {
    use trading::order::{Order, Purpose, Side};
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxOrderNotional": "1", "maxExposure": "1", "maxOrdersPerMinute": 1 })).await.ok();
    ana.post(HALTS, &json!({ "reason": "Stop." })).await.created();
    let mut tx = app.tenant(ana.tenant).await;
    let bot = bot(&mut tx, "live", "9000").await;
    let exit = Order { side: Side::Sell, purpose: Purpose::StopLoss, ..purchase(bot, 1, "5000") };
    let mut admission = Admission::open(&mut tx, "USDT", &[(bot, amount("5000"))]).await.unwrap();
    assert_eq!(admission.admit(&Venture { bot, price: "100".parse().unwrap(), orders: &[exit] }), []);
}

#[db_test]
async fn bots_that_ask_together_share_the_room(db: PgPool) {
    let app = app(db).await;
    let ana = manager(&app).await;
    ana.put(LIMITS, &json!({ "maxExposure": "1000", "maxOrdersPerMinute": 3 })).await.ok();
    let mut tx = app.tenant(ana.tenant).await;
    let mut asking = vec![];
    for held in ["100", "200", "0", "0"] {
        asking.push((bot(&mut tx, "live", "9000").await, amount(held)));
    }
    // what is stored of those that ask is what they say themselves
    hold(&mut tx, asking[0].0, "900", "9").await;
    let mut admission = Admission::open(&mut tx, "USDT", &asking).await.unwrap();
    let mut refused = vec![];
    for ((bot, _), budget) in asking.iter().zip(["300", "401", "400", "1"]) {
        let orders = [purchase(*bot, 1, budget)];
        let venture = Venture { bot: *bot, price: "100".parse().unwrap(), orders: &orders };
        refused.push(admission.admit(&venture).pop().map(|(_, refusal)| refusal.to_string()));
    }
    let beyond = |limit: &str, wanted: &str| {
        Some(format!("maxExposure of the tenant is {limit}, and it would be {wanted}: 1 too much"))
    };
    assert_eq!(refused, [None, beyond("1000", "1001"), None, beyond("1000", "1001")]);
    admission.close(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ana.get("/api/v1/risk").await.ok()["currencies"][0]["ordersLastMinute"], 2);
}
