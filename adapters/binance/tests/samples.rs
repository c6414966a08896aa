//! What Binance really sent: streams from which a book is rebuilt, and replies.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use binance::{
    Failure,
    parse::{
        self, AskedKlines,
        stream::{self, Event, Unreadable},
        user::{self, Answer, Message, Refusal},
    },
};
use flate2::read::GzDecoder;
use proptest::prelude::*;
use std::io::Read;
use trading::{
    book::{Book, State, Step},
    time::{Timeframe, Timestamp},
};

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn unpacked(name: &str) -> String {
    let mut text = String::new();
    GzDecoder::new(&*sample(name)).read_to_string(&mut text).unwrap();
    text
}

fn message(name: &str) -> String {
    String::from_utf8(sample(&format!("messages/binance_{name}.json"))).unwrap()
}

#[test]
fn a_book_rebuilt_from_eleven_minutes_of_streams_agrees_with_the_best_prices_that_were_sent() {
    let mut book = Book::new(5_000);
    let mut tickers = vec![];
    let mut updates: Vec<(u64, _, _)> = vec![];
    for day in ["20240808", "20240809"] {
        for line in unpacked(&format!("streams/binance-spot_BTCUSDT_{day}_ws.jsonl.gz")).lines() {
            let (_, text) = line.split_once(' ').unwrap();
            if text.starts_with("{\"lastUpdateId\"") {
                book.snapshot(&parse::snapshot(text.as_bytes()).unwrap()).unwrap();
                assert_eq!(book.state(), State::Live, "what spans it came before it");
                continue;
            }
            match stream::read(text).unwrap().event {
                Event::Depth { diff, .. } => {
                    // a crossed book would be an error
                    if book.update(&diff).unwrap() == Step::Applied {
                        updates.push((book.last_id(), book.best_bid(), book.best_ask()));
                    }
                }
                Event::BestPrices { update_id, bid, ask } => tickers.push((update_id, Some(bid), Some(ask))),
                Event::Trade { .. } | Event::Kline { .. } => {}
            }
        }
    }
    tickers.sort_by_key(|(id, ..)| *id);
    let agree = updates.iter().filter(|(id, bid, ask)| {
        let latest = tickers.partition_point(|(ticker, ..)| ticker <= id).checked_sub(1);
        latest.is_some_and(|latest| (tickers[latest].1, tickers[latest].2) == (*bid, *ask))
    });
    // two of the tickers came late
    assert_eq!((agree.count(), updates.len()), (6_490, 6_492));
}

#[test]
fn every_kind_of_message_is_read_to_the_last_digit() {
    let text = message("stream_book_ticker");
    let told = stream::read(&text).unwrap();
    assert_eq!(told.symbol, "BNBUSDT");
    let Event::BestPrices { update_id, bid, ask } = told.event else { panic!("{told:?}") };
    assert_eq!(
        (update_id, bid.price.to_string(), ask.quantity.to_string()),
        (400_900_217, "25.3519".into(), "40.66".into())
    );
    let text = message("stream_trade");
    let Event::Trade { id, traded, at, is_buyer_maker } = stream::read(&text).unwrap().event else { panic!("{text}") };
    assert_eq!(
        (id, traded.price.to_string(), at.millis(), is_buyer_maker),
        (12_345, "0.001".into(), 1_672_515_782_136, true)
    );
    // the documented candle has its low above its open, and is refused
    let text = message("stream_kline");
    assert_eq!(stream::read(&text), Err(Unreadable::Unknown));
    let text = text.replace("0.0015", "0.0005");
    let Event::Kline { timeframe, candle, closed } = stream::read(&text).unwrap().event else { panic!("{text}") };
    assert_eq!((timeframe, candle.high.to_string(), closed), (Timeframe::M1, "0.0025".into(), false));
    let bare = r#"{"u":5,"s":"BTCUSDT","b":"1.5","B":"2","a":"1.6","A":"3"}"#;
    assert!(matches!(stream::read(bare).unwrap().event, Event::BestPrices { update_id: 5, .. }));
}

#[test]
fn messages_that_are_no_whole_events_are_refused() {
    for unknown in [
        "{}",
        r#"{"result":null,"id":1}"#,
        r#"{"stream":"btcusdt@depth","data":{}}"#,
        r#"{"e":"outboundAccountPosition","s":"BTCUSDT"}"#,
        r#"{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":4,"b":[],"a":[]}"#,
        r#"{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":5,"b":[],"a":"1"}"#,
        r#"{"e":"trade","s":"BTCUSDT","t":1,"p":"1","q":"1","T":1}"#,
        r#"{"e":"kline","s":"BTCUSDT","k":{"t":0,"i":"1m","o":"1","h":"1","l":"2","c":"1","v":"0","x":true}}"#,
        r#"{"u":5,"s":"","b":"1.5","B":"2","a":"1.6","A":"3"}"#,
    ] {
        assert_eq!(stream::read(unknown), Err(Unreadable::Unknown), "{unknown}");
    }
    for malformed in ["", "[]", "{", r#"{"u":-1}"#, r#"{"b":"1e5"}"#, r#"{"b":[["0","1"]]}"#, r#"{"b":[["1"]]}"#] {
        assert!(matches!(stream::read(malformed), Err(Unreadable::Malformed(_))), "{malformed}");
    }
    assert_eq!(stream::read(&" ".repeat(stream::LONGEST + 1)), Err(Unreadable::TooLong));
}

/// Binance's documented messages about an account.
fn of_accounts() -> Vec<String> {
    let told: Vec<serde_json::Value> = serde_json::from_str(&message("user_data")).unwrap();
    told.iter().map(ToString::to_string).collect()
}

#[test]
fn of_an_account_answers_and_what_happens_to_orders_are_read() {
    let told = of_accounts();
    let answer = Answer { status: 200, used_weight: Some(4), refusal: None };
    let expected = [Message::Answer(answer), Message::Other, Message::Other, Message::Other, Message::Other];
    assert_eq!(told.iter().map(|text| user::read(text).unwrap()).collect::<Vec<_>>(), expected);
    let (id, order) = ("mUvoqJxFIILMdfAW5iGSOW".to_owned(), &told[1]);
    for what in ["TRADE", "CANCELED", "REPLACED", "REJECTED", "EXPIRED", "TRADE_PREVENTION"] {
        let text = order.replace(r#""x":"NEW""#, &format!(r#""x":"{what}""#));
        assert_eq!(user::read(&text), Ok(Message::Order(id.clone())), "{what}");
        let text = text.replace(r#""C":"""#, r#""C":"bot-1""#);
        assert_eq!(user::read(&text), Ok(Message::Order("bot-1".to_owned())), "a cancel has a name of its own");
    }
    for kind in ["eventStreamTerminated", "serverShutdown"] {
        assert_eq!(user::read(&format!(r#"{{"event":{{"e":"{kind}","E":1}}}}"#)), Ok(Message::Over));
    }
    let refused =
        r#"{"id":"1","status":418,"error":{"code":-1003,"msg":"Some words.","data":{"serverTime":5,"retryAfter":65}}}"#;
    let refusal = Refusal { code: -1003, message: "Some words.".to_owned(), retry_after: Some(60) };
    let answer = Answer { status: 418, used_weight: None, refusal: Some(refusal) };
    assert_eq!(user::read(refused), Ok(Message::Answer(answer)));
    for wrong in ["", "[]", "null", r#"{"status":-1}"#, r#"{"event":{}}"#, r#"{"event":{"e":"executionReport"}}"#] {
        assert!(matches!(user::read(wrong), Err(Unreadable::Malformed(_))), "{wrong}");
    }
    assert_eq!(user::read("{}"), Err(Unreadable::Unknown));
    assert_eq!(user::read(&" ".repeat(stream::LONGEST + 1)), Err(Unreadable::TooLong));
}

proptest! {
    #[test]
    fn no_change_of_a_message_makes_the_reader_panic(at in 0..2_000_usize, byte in any::<char>(), cut in any::<bool>()) {
        let depth = r#"{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50,"u":52,"b":[["61737.63000000","0.00000000"]],"a":[["61837.64000000","1.54698000"]]}}"#;
        for text in [depth, &message("stream_kline"), &message("stream_trade")] {
            let at = at % text.len();
            let rest = if cut { "" } else { &text[at + 1..] };
            let _ = stream::read(&format!("{}{byte}{rest}", &text[..at]));
        }
        for text in of_accounts() {
            let at = at % text.len();
            let rest = if cut { "" } else { &text[at + 1..] };
            let _ = user::read(&format!("{}{byte}{rest}", &text[..at]));
        }
    }
}

#[test]
fn the_symbols_of_2018_are_read_with_their_filters() {
    let told = parse::exchange_info(unpacked("messages/binance_exchange_info_2018.json.gz").as_bytes()).unwrap();
    assert_eq!((told.listings.len() + told.left_out, told.server_time.millis()), (265, 1_518_230_425_348));
    let weight = &told.limits[0];
    assert_eq!((weight.rate_limit_type.as_str(), weight.limit, weight.interval_num), ("REQUESTS", 1_200, 1));
    let bitcoin = told.listings.iter().find(|listing| listing.symbol.as_str() == "BTC/USDT").unwrap();
    let sizes = [bitcoin.lot, bitcoin.min_quantity, bitcoin.max_quantity].map(|size| size.unwrap().to_string());
    assert_eq!(sizes, ["0.000001", "0.000001", "10000000"]);
    assert_eq!(bitcoin.tick.unwrap().to_string(), "0.01");
    assert_eq!(bitcoin.min_notional.unwrap().to_string(), "10");
    assert_eq!((bitcoin.status.as_str(), bitcoin.market_lot, bitcoin.base_digits), ("TRADING", None, 8));
}

#[test]
fn the_filters_of_today_are_read_and_one_of_nought_filters_nothing() {
    let told = parse::exchange_info(message("exchange_info").as_bytes()).unwrap();
    assert_eq!((told.listings[0].symbol.as_str(), told.listings[0].tick, told.limits.len()), ("ETH/BTC", None, 0));
    let today = r#"{"serverTime":1,"symbols":[{"symbol":"BTCUSDT","status":"BREAK","baseAsset":"BTC","quoteAsset":"USDT",
        "baseAssetPrecision":8,"quoteAssetPrecision":8,"permissions":[],"permissionSets":[["SPOT","MARGIN"],["SPOT"]],"filters":[
        {"filterType":"PRICE_FILTER","minPrice":"0.01","maxPrice":"1000000","tickSize":"0.01000000"},
        {"filterType":"LOT_SIZE","minQty":"0.00001","maxQty":"9000","stepSize":"0.00001"},
        {"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"116.48","stepSize":"0.00000000"},
        {"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000","avgPriceMins":5},
        {"filterType":"SOMETHING_NEW","whatever":[1]}]},
        {"symbol":"币USDT","status":"TRADING","baseAsset":"币","quoteAsset":"USDT","baseAssetPrecision":8,"quoteAssetPrecision":8}]}"#;
    let told = parse::exchange_info(today.as_bytes()).unwrap();
    let [listing] = told.listings.as_slice() else { panic!("{told:?}") };
    assert_eq!((listing.market_lot, listing.market_min_quantity, told.left_out), (None, None, 1));
    assert_eq!(listing.market_max_quantity.unwrap().to_string(), "116.48");
    assert_eq!(listing.min_notional.unwrap().to_string(), "5");
    assert_eq!(listing.permissions, ["MARGIN", "SPOT"]);
}

#[test]
fn the_documented_replies_are_read() {
    let asked = AskedKlines {
        timeframe: Timeframe::W1,
        from: Timestamp::from_millis(0),
        to: Timestamp::from_millis(i64::MAX),
        now: Timestamp::from_millis(1_700_000_000_000),
    };
    let klines = parse::klines(message("klines").as_bytes(), &asked).unwrap();
    assert_eq!((klines.candles[0].volume.to_string(), klines.received), ("148976.11427815".into(), 1));
    let trades = parse::trades(message("trades").as_bytes()).unwrap();
    assert_eq!((trades[0].id, trades[0].price.to_string()), (28_457, "4.000001".into()));
    let trades = parse::aggregate_trades(message("aggregate_trades").as_bytes()).unwrap();
    assert_eq!(
        (trades[0].id, trades[0].last_id, trades[0].quantity.to_string()),
        (26_129, 27_781, "4.70443515".into())
    );
    let ticker = parse::ticker(message("ticker").as_bytes()).unwrap();
    let (bid, ask) = (ticker.bid_price.unwrap().to_string(), ticker.ask_quantity.to_string());
    assert_eq!((ticker.quote_volume.to_string(), bid, ask), ("15.3".into(), "4".into(), "100".into()));
    let nobody_bids = message("ticker").replace("\"bidPrice\": \"4.00000000\"", "\"bidPrice\": \"0.00000000\"");
    assert_eq!(parse::ticker(nobody_bids.as_bytes()).unwrap().bid_price, None);
    assert_eq!(parse::best_prices(message("best_prices").as_bytes()).unwrap().ask.price.to_string(), "4.000002");
    assert_eq!(parse::server_time(message("time").as_bytes()).unwrap().millis(), 1_499_827_319_559);
}

#[test]
fn a_refusal_keeps_the_exchanges_code_and_words() {
    let refused = parse::refusal(400, br#"{"code":-1121,"msg":"Invalid symbol."}"#);
    assert_eq!(refused, Failure::Refused { code: -1121, message: "Invalid symbol.".into() });
    let refused = parse::refusal(403, b"<html>");
    assert_eq!(refused, Failure::Refused { code: 0, message: "the answer is 403".into() });
}
