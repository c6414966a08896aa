// ccxt of npm by its streams, public and private.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { connect } from "./exchange.js";

const SYMBOL = "BTC/USDT";
let exchange;

before(async () => (exchange = await connect()));
after(() => exchange?.close());

test("npm: tickers, trades, candles and prices are watched", async () => {
  const ticker = await exchange.watchTicker(SYMBOL);
  assert.ok(ticker.last > 0);
  const trades = await exchange.watchTrades(SYMBOL);
  assert.ok(trades.at(-1).price > 0);
  const candles = await exchange.watchOHLCV(SYMBOL, "1m");
  assert.ok(candles.at(-1)[4] > 0);
  const best = await exchange.watchBidsAsks([SYMBOL]);
  assert.ok(best[SYMBOL].bid < best[SYMBOL].ask);
});

test("npm: a watched book is the one that is asked for", async () => {
  for (let changes = 0; changes < 10; changes++) {
    const book = await exchange.watchOrderBook(SYMBOL);
    assert.ok(book.bids[0][0] < book.asks[0][0] && book.nonce > 0);
  }
});

test("npm: orders, own trades and balances are watched", async () => {
  const heard = { orders: [], trades: [], balances: [] };
  let done = false;
  const watch = async (list, next) => {
    while (!done) list.push(await next().catch((error) => (done ? undefined : Promise.reject(error))));
  };
  const watching = [
    watch(heard.orders, () => exchange.watchOrders(SYMBOL)),
    watch(heard.trades, () => exchange.watchMyTrades(SYMBOL)),
    watch(heard.balances, () => exchange.watchBalance()),
  ];
  const failed = Promise.all(watching).then(() => undefined);
  const until = async (condition) => {
    for (let waited = 0; waited < 100 && !condition(); waited++) {
      await Promise.race([failed, new Promise((go) => setTimeout(go, 100))]);
    }
    assert.ok(condition());
  };
  // whoever has subscribed hears of the next order
  await exchange.fetchBalance();
  await new Promise((go) => setTimeout(go, 2_000));
  const { id } = await exchange.createOrder(SYMBOL, "market", "buy", 0.002);
  const orders = () => heard.orders.flat().filter((it) => it?.id === id);
  await until(() => orders().some(({ status }) => status === "closed"));
  await until(() => heard.trades.flat().some((it) => it?.order === id));
  await until(() => heard.balances.length > 0);
  done = true;
  await exchange.close();
  await Promise.allSettled(watching);
});

test("npm: orders are placed and cancelled over the WebSocket API", async () => {
  exchange = await connect();
  const { last } = await exchange.fetchTicker(SYMBOL);
  const placed = await exchange.createOrderWs(SYMBOL, "limit", "buy", 0.001, exchange.priceToPrecision(SYMBOL, last * 0.8));
  assert.equal(placed.status, "open");
  const open = await exchange.fetchOpenOrdersWs(SYMBOL);
  assert.ok(open.some(({ id }) => id === placed.id));
  assert.equal((await exchange.cancelOrderWs(placed.id, SYMBOL)).status, "canceled");
});
