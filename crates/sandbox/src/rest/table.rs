//! Everything that can be asked: a row each.

use super::{
    access::Access::{self, Key, Public, Read, Sign, Trade},
    account,
    ask::Refused,
    listing, market, orders,
    params::Params,
    replace, session, tickers,
};
use crate::{exchange::AccountId, world::World};
use serde_json::Value;

/// A request of somebody who has been recognised.
pub(super) struct Call<'a> {
    pub(super) params: &'a Params,
    pub(super) account: AccountId,
    /// The market's time.
    pub(super) now: i64,
    pub(super) key: Option<&'a str>,
    pub(super) connection: Option<u64>,
}

type Run = fn(&mut World, &Call<'_>) -> Result<Value, Refused>;

/// What can be asked.
pub(super) struct Endpoint {
    method: &'static str,
    path: &'static str,
    /// Its name in the WebSocket API.
    socket: &'static str,
    pub(super) weight: fn(&Params) -> u32,
    pub(super) access: Access,
    /// How many orders it counts as.
    pub(super) orders: u32,
    pub(super) run: Run,
}

/// One row: method, path, name in the WebSocket API, weight, who may ask, orders, and what does it.
macro_rules! table {
    ($($method:literal $path:literal $socket:literal $weight:expr, $access:ident, $orders:literal => $run:path;)+) => {
        static TABLE: &[Endpoint] = &[$(Endpoint {
            method: $method, path: $path, socket: $socket, weight: $weight, access: $access, orders: $orders, run: $run,
        }),+];
    };
}

table! {
    "GET" "/api/v3/ping" "ping" |_| 1, Public, 0 => listing::ping;
    "GET" "/api/v3/time" "time" |_| 1, Public, 0 => listing::time;
    "GET" "/api/v3/exchangeInfo" "exchangeInfo" |_| 20, Public, 0 => listing::exchange_info;
    "GET" "/api/v3/depth" "depth" market::depth_weight, Public, 0 => market::depth;
    "GET" "/api/v3/trades" "trades.recent" |_| 25, Public, 0 => market::trades;
    "GET" "/api/v3/historicalTrades" "trades.historical" |_| 25, Key, 0 => market::historical_trades;
    "GET" "/api/v3/aggTrades" "trades.aggregate" |_| 4, Public, 0 => market::aggregate_trades;
    "GET" "/api/v3/klines" "klines" |_| 2, Public, 0 => market::klines;
    "GET" "/api/v3/uiKlines" "uiKlines" |_| 2, Public, 0 => market::klines;
    "GET" "/api/v3/avgPrice" "avgPrice" |_| 2, Public, 0 => market::average_price;
    "GET" "/api/v3/ticker/24hr" "ticker.24hr" tickers::day_weight, Public, 0 => tickers::day;
    "GET" "/api/v3/ticker/price" "ticker.price" tickers::weight, Public, 0 => tickers::price;
    "GET" "/api/v3/ticker/bookTicker" "ticker.book" tickers::weight, Public, 0 => tickers::book;
    "POST" "/api/v3/order" "order.place" |_| 1, Trade, 1 => orders::place;
    "POST" "/api/v3/order/test" "order.test" |_| 1, Trade, 0 => orders::test;
    "DELETE" "/api/v3/order" "order.cancel" |_| 1, Trade, 0 => orders::cancel;
    "GET" "/api/v3/order" "order.status" |_| 4, Read, 0 => orders::status;
    "POST" "/api/v3/order/cancelReplace" "order.cancelReplace" |_| 1, Trade, 1 => replace::cancel_replace;
    "GET" "/api/v3/openOrders" "openOrders.status" orders::open_weight, Read, 0 => orders::open;
    "DELETE" "/api/v3/openOrders" "openOrders.cancelAll" |_| 1, Trade, 0 => orders::cancel_all;
    "GET" "/api/v3/allOrders" "allOrders" |_| 20, Read, 0 => orders::all;
    "POST" "/api/v3/orderList/oco" "orderList.place.oco" |_| 1, Trade, 2 => replace::place_pair;
    "POST" "/api/v3/order/oco" "orderList.place" |_| 1, Trade, 2 => replace::place_pair_of_old;
    "DELETE" "/api/v3/orderList" "orderList.cancel" |_| 1, Trade, 0 => replace::cancel_pair;
    "GET" "/api/v3/orderList" "orderList.status" |_| 4, Read, 0 => replace::pair;
    "GET" "/api/v3/openOrderList" "openOrderLists.status" |_| 6, Read, 0 => replace::open_pairs;
    "GET" "/api/v3/allOrderList" "allOrderLists" |_| 20, Read, 0 => replace::all_pairs;
    "GET" "/api/v3/account" "account.status" |_| 20, Read, 0 => account::account;
    "GET" "/api/v3/myTrades" "myTrades" |_| 20, Read, 0 => account::trades;
    "GET" "/api/v3/rateLimit/order" "account.rateLimits.orders" |_| 40, Read, 0 => account::rate_limits;
    "GET" "/api/v3/account/commission" "account.commission" |_| 20, Read, 0 => account::commission;
    "GET" "/api/v3/session/logon" "session.logon" |_| 2, Sign, 0 => session::log_on;
    "GET" "/api/v3/session/logout" "session.logout" |_| 2, Public, 0 => session::log_out;
    "GET" "/api/v3/session/status" "session.status" |_| 2, Public, 0 => session::status;
    "GET" "/api/v3/session/subscriptions" "session.subscriptions" |_| 2, Public, 0 => session::subscriptions;
    "GET" "/api/v3/userDataStream/subscribe" "userDataStream.subscribe" |_| 2, Public, 0 => session::subscribe;
    "GET" "/api/v3/userDataStream/subscribe/signature" "userDataStream.subscribe.signature" |_| 2, Sign, 0 => session::subscribe_signed;
    "GET" "/api/v3/userDataStream/unsubscribe" "userDataStream.unsubscribe" |_| 2, Public, 0 => session::unsubscribe;
    "GET" "/sapi/v1/capital/config/getall" "" |_| 10, Read, 0 => account::coins;
    "GET" "/sapi/v1/account/apiRestrictions" "" |_| 1, Read, 0 => account::restrictions;
    "GET" "/sapi/v1/asset/tradeFee" "" |_| 1, Read, 0 => account::trade_fees;
}

/// Nothing of margin trading exists.
static MARGIN: Endpoint = Endpoint {
    method: "GET",
    path: "/sapi/v1/margin/",
    socket: "",
    weight: |_| 1,
    access: Public,
    orders: 0,
    run: listing::nothing,
};

pub(super) fn find(method: &str, path: &str) -> Option<&'static Endpoint> {
    if path.starts_with(MARGIN.path) && method == MARGIN.method {
        return Some(&MARGIN);
    }
    TABLE.iter().find(|it| it.path == path && it.method == method)
}

/// The method and the path of what the WebSocket API calls by a name.
pub(crate) fn of_socket(name: &str) -> Option<(&'static str, &'static str)> {
    let endpoint = TABLE.iter().find(|it| it.socket == name && !name.is_empty())?;
    Some((endpoint.method, endpoint.path))
}
