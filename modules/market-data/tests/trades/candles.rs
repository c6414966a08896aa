//! Candles that are made of trades: as they are asked for, and as series.

use crate::{
    common::{BOTH, CANDLES, MARKETS, all_candles, app, import as import_candles},
    dump::*,
};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use testkit::{Client, PgPool, Value, db_test, json};

const DERIVE: &str = "/api/v1/market-data/candles/derive";
const MINUTE: i64 = 60_000;

/// Open time, open, high, low, close, volume.
type Row = [String; 6];

/// Candles of so many milliseconds by a plain reckoning.
fn reckoned(trades: &[Told], millis: i64) -> Vec<Row> {
    let mut candles: BTreeMap<i64, Vec<&Told>> = BTreeMap::new();
    trades.iter().for_each(|trade| candles.entry(trade.time / millis * millis).or_default().push(trade));
    let row = |(open_time, trades): (i64, Vec<&Told>)| {
        let prices = || trades.iter().map(|trade| trade.price);
        let figures = [
            trades[0].price,
            prices().max().unwrap(),
            prices().min().unwrap(),
            trades[trades.len() - 1].price,
            trades.iter().map(|trade| trade.quantity).sum::<Decimal>(),
        ];
        let [open, high, low, close, volume] = figures.map(|figure| figure.normalize().to_string());
        [kit::Time::from_millis(open_time).to_string(), open, high, low, close, volume]
    };
    candles.into_iter().map(row).collect()
}

fn rows(candles: &Value) -> Vec<Row> {
    let fields = ["openTime", "open", "high", "low", "close", "volume"];
    let row = |candle: &Value| fields.map(|field| candle[field].as_str().unwrap().to_owned());
    candles.as_array().unwrap().iter().map(row).collect()
}

/// All candles that are made as they are asked for.
async fn made(client: &Client, query: &str) -> Vec<Row> {
    let (mut all, mut after) = (vec![], String::new());
    loop {
        let body = client.get(&format!("{TRADES}/candles?{BTC}&{query}{after}")).await.body();
        assert!(body["data"].as_array().unwrap().iter().all(|candle| candle["origin"] == "derived"));
        all.extend(rows(&body["data"]));
        match body["meta"]["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

fn derivation(timeframe: &str) -> Value {
    json!({ "market": { "exchange": "binance", "symbol": "BTC/USDT", "timeframe": timeframe } })
}

fn of(timeframe: &str) -> String {
    format!("{BTC}&timeframe={timeframe}")
}

#[db_test]
async fn candles_of_any_length_are_made_as_they_are_asked_for(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    // some three hours, with a gap of a minute now and then
    let trades = told(0..30_000);
    import(&ana, dump(&trades)).await;
    let end = trades[29_999].time;
    for (resolution, millis) in [("1s", 1_000), ("12s", 12_000), ("30s", 30_000), ("1m", MINUTE), ("15m", 15 * MINUTE)]
    {
        let mut expected = reckoned(&trades, millis);
        // what the last trade is in may go on
        let last = kit::Time::from_millis(end / millis * millis).to_string();
        expected.retain(|[open_time, ..]| *open_time != last);
        assert_eq!(made(&ana, &format!("resolution={resolution}&limit=1000")).await, expected, "{resolution}");
    }
    let (from, to) = ("2025-12-01T00:10:00Z", "2025-12-01T00:20:00Z");
    let within = made(&ana, &format!("resolution=30s&from={from}&to={to}&limit=3")).await;
    let times: Vec<_> = reckoned(&trades, 30_000)
        .into_iter()
        .filter(|[at, ..]| at.as_str() >= "2025-12-01T00:10" && at.as_str() < "2025-12-01T00:20")
        .collect();
    assert_eq!(within, times);
    assert_eq!(made(&ana, &format!("resolution=1m&from={to}&to={from}")).await, Vec::<Row>::new());
}

#[db_test]
async fn a_derived_series_is_one_of_candles_and_its_sums_are_the_candles_of_trades(db: PgPool) {
    let app = app(db).await;
    let (ana, bob) = (app.member(BOTH).await, app.member(BOTH).await);
    let trades = told(0..30_000);
    import_for_all(&app, dump(&trades)).await;
    let minutes = ana.post(DERIVE, &derivation("1m")).await.ok();
    let mut expected = reckoned(&trades, MINUTE);
    expected.pop();
    assert_eq!((&minutes["imported"], &minutes["series"]["shared"]), (&json!(expected.len()), &json!(false)));
    assert!(minutes["gapCount"].as_u64().unwrap() > 0, "a minute without a trade is a gap");
    assert_eq!(all_candles(&ana, &of("1m")).await, expected);
    let origin = ana.get(&format!("{CANDLES}?{}&limit=1", of("1m"))).await.ok();
    assert_eq!(origin[0]["origin"], "derived");

    bob.post(DERIVE, &derivation("1h")).await.ok();
    let hours = all_candles(&bob, &of("1h")).await;
    assert!(hours.len() > 1);
    assert_eq!(all_candles(&ana, &of("1h")).await, hours, "summed or made at once");
    assert_eq!(bob.get(&format!("{MARKETS}?timeframe=1m")).await.ok(), json!([]));

    let again = ana.post(DERIVE, &derivation("1m")).await.ok();
    assert_eq!((&again["imported"], &again["unchanged"]), (&json!(0), &json!(expected.len())));
}

#[db_test]
async fn what_a_file_has_told_stands_above_what_is_derived(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let trades = told(0..2_000);
    import(&ana, dump(&trades)).await;
    let file = format!("{START},1,2,1,2,7\n{},1,2,1,2,8\n", START + MINUTE);
    import_candles(&ana, &of("1m"), file).await;
    let derived = ana.post(DERIVE, &derivation("1m")).await.ok();
    assert_eq!((&derived["kept"], &derived["updated"]), (&json!(2), &json!(0)));
    let mut expected = reckoned(&trades, MINUTE);
    expected.pop();
    let stored = all_candles(&ana, &of("1m")).await;
    assert_eq!((stored[0][5].as_str(), stored[1][5].as_str(), &stored[2..]), ("7", "8", &expected[2..]));
    // and what a file tells later takes the place of what was derived
    let later = import_candles(&ana, &of("1m"), format!("{},1,2,1,2,9\n", START + 2 * MINUTE)).await;
    assert_eq!(later["updated"], 1);
}

#[db_test]
async fn only_candles_whose_time_was_seen_are_made_unless_somebody_says_that_no_trade_is_missing(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    let line = |(id, millis): (i64, i64)| format!("{id},{id},1,{id},{},true,true\n", START + millis);
    let file: String = [(1, 30_000), (2, 70_000), (3, 130_000), (4, 250_000)].into_iter().map(line).collect();
    import(&ana, file).await;
    let times = |rows: Vec<Row>| rows.into_iter().map(|[at, ..]| at[14..16].to_owned()).collect::<Vec<_>>();
    assert_eq!(times(made(&ana, "resolution=1m").await), ["01", "02"]);
    ana.post(DERIVE, &derivation("1m")).await.ok();
    assert_eq!(times(all_candles(&ana, &of("1m")).await), ["01", "02"]);
    let mut whole = derivation("1m");
    whole["from"] = "2025-12-01T00:00:00Z".into();
    whole["to"] = "2025-12-01T00:05:00Z".into();
    let derived = ana.post(DERIVE, &whole).await.ok();
    assert_eq!((&derived["imported"], &derived["unchanged"]), (&json!(2), &json!(2)));
    assert_eq!(times(all_candles(&ana, &of("1m")).await), ["00", "01", "02", "04"]);
    whole["from"] = "2025-12-01T00:03:00Z".into();
    whole["to"] = "2025-12-01T00:04:00Z".into();
    ana.post(DERIVE, &whole).await.refused(409, "NOTHING_FOUND");
    ana.post(DERIVE, &derivation("1d")).await.refused(409, "NOTHING_FOUND");
}

#[db_test]
async fn a_candle_that_has_not_ended_is_not_made_whoever_says_so(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    // noon is when tests begin
    let noon = START + 35 * 86_400_000 + 43_200_000;
    let line = |(id, millis): (i64, i64)| format!("{id},5,1,5,{},true,true\n", noon + millis);
    import(&ana, [(1, -70_000), (2, -30_000), (3, 10_000)].into_iter().map(line).collect::<String>()).await;
    let mut derivation = derivation("1m");
    derivation["from"] = "2026-01-05T11:00:00Z".into();
    derivation["to"] = "2026-01-05T13:00:00Z".into();
    assert_eq!(ana.post(DERIVE, &derivation).await.ok()["imported"], 2);
    let opens: Vec<_> = all_candles(&ana, &of("1m")).await.into_iter().map(|[at, ..]| at).collect();
    assert_eq!(opens, ["2026-01-05T11:58:00.000Z", "2026-01-05T11:59:00.000Z"]);
}

#[db_test]
async fn what_cannot_be_derived_is_refused_by_its_path(db: PgPool) {
    let app = app(db).await;
    let ana = app.member(BOTH).await;
    import(&ana, dump(&told(0..9))).await;
    for (field, value) in
        [("kind", json!("double")), ("from", json!("yesterday")), ("further", json!(1)), ("market", json!({}))]
    {
        let mut derivation = derivation("1m");
        derivation[field] = value;
        ana.post(DERIVE, &derivation).await.refused(422, "VALIDATION_ERROR");
    }
    ana.post(DERIVE, &derivation("15s")).await.refused(422, "VALIDATION_ERROR");
    let mut aggregate = derivation("1m");
    aggregate["kind"] = "aggregate".into();
    ana.post(DERIVE, &aggregate).await.refused(404, "MARKET_NOT_FOUND");
    assert_eq!(ana.get(MARKETS).await.ok(), json!([]));
}
