// ccxt of npm over REST: market data, orders of every kind, and the classes of errors.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ccxt, connect, steer } from "./exchange.js";

const SYMBOL = "BTC/USDT";
let exchange, last;

before(async () => {
  exchange = await connect();
  last = (await exchange.fetchTicker(SYMBOL)).last;
});
after(() => exchange?.close());

const far = (part) => exchange.priceToPrecision(SYMBOL, last * part);

test("npm: markets are loaded with their limits and precision", () => {
  const market = exchange.market(SYMBOL);
  assert.deepEqual([market.spot, market.active, market.base, market.quote], [true, true, "BTC", "USDT"]);
  assert.deepEqual([market.precision.price, market.precision.amount, market.limits.cost.min], [0.01, 0.00001, 5]);
  assert.ok(exchange.currencies.BTC);
});

test("npm: market data are read", async () => {
  const ticker = await exchange.fetchTicker(SYMBOL);
  assert.ok(ticker.bid < ticker.ask && ticker.high >= ticker.low && ticker.baseVolume > 0);
  const book = await exchange.fetchOrderBook(SYMBOL, 10);
  assert.ok(book.bids.length === 10 && book.bids[0][0] < book.asks[0][0]);
  const candles = await exchange.fetchOHLCV(SYMBOL, "5m", undefined, 100);
  assert.ok(candles.length === 100 && candles.every(([, open, high, low]) => high >= open && low <= open));
  const trades = await exchange.fetchTrades(SYMBOL, undefined, 20);
  assert.ok(trades.length > 0 && trades[0].price > 0);
  assert.ok(Object.keys(await exchange.fetchTickers()).length >= 5);
  assert.ok((await exchange.fetchBidsAsks([SYMBOL]))[SYMBOL].ask > 0);
  assert.ok(Math.abs((await exchange.fetchTime()) - Date.now()) < 5_000);
});

test("npm: a limit order is placed, asked for, edited and cancelled", async () => {
  const placed = await exchange.createOrder(SYMBOL, "limit", "buy", 0.001, far(0.8));
  assert.equal(placed.status, "open");
  assert.equal((await exchange.fetchOrder(placed.id, SYMBOL)).price, Number(far(0.8)));
  assert.ok((await exchange.fetchOpenOrders(SYMBOL)).some(({ id }) => id === placed.id));
  const edited = await exchange.editOrder(placed.id, SYMBOL, "limit", "buy", 0.002, far(0.79));
  assert.equal((await exchange.fetchOrder(placed.id, SYMBOL)).status, "canceled");
  const now = await exchange.fetchOrder(edited.id, SYMBOL);
  assert.deepEqual([now.status, now.amount], ["open", 0.002]);
  assert.equal((await exchange.cancelOrder(edited.id, SYMBOL)).status, "canceled");
});

test("npm: market orders are filled, by coins and by cost", async () => {
  const bought = await exchange.createOrder(SYMBOL, "market", "buy", 0.01);
  assert.deepEqual([bought.status, bought.filled, bought.fees[0].currency], ["closed", 0.01, "BTC"]);
  const spent = await exchange.createMarketBuyOrderWithCost(SYMBOL, 100);
  assert.ok(spent.status === "closed" && spent.cost > 99 && spent.cost <= 100);
  const sold = await exchange.createOrder(SYMBOL, "market", "sell", 0.01);
  assert.equal(sold.fees[0].currency, "USDT");
  const trades = await exchange.fetchMyTrades(SYMBOL);
  assert.ok(trades.some(({ order }) => order === bought.id) && trades.some(({ order }) => order === sold.id));
  const closed = await exchange.fetchClosedOrders(SYMBOL);
  assert.ok(closed.some(({ id }) => id === bought.id));
});

test("npm: every other kind of order is taken", async () => {
  const orders = [
    ["limit", "buy", far(0.8), { postOnly: true }],
    ["limit", "buy", far(0.8), { timeInForce: "IOC" }],
    ["limit", "buy", far(0.8), { timeInForce: "FOK" }],
    ["market", "sell", undefined, { stopLossPrice: far(0.9) }],
    ["limit", "sell", far(0.89), { stopLossPrice: far(0.9) }],
    ["market", "sell", undefined, { takeProfitPrice: far(1.1) }],
    ["limit", "sell", far(1.11), { takeProfitPrice: far(1.1) }],
    ["STOP_LOSS", "sell", undefined, { trailingDelta: 100 }],
  ];
  const statuses = [];
  for (const [type, side, price, params] of orders) {
    const { id } = await exchange.createOrder(SYMBOL, type, side, 0.001, price, params);
    statuses.push((await exchange.fetchOrder(id, SYMBOL)).status);
  }
  assert.deepEqual(statuses, ["open", "expired", "expired", "open", "open", "open", "open", "open"]);
  await exchange.cancelAllOrders(SYMBOL);
  const pair = { symbol: "BTCUSDT", side: "SELL", quantity: "0.001", price: far(1.1), stopPrice: far(0.9), stopLimitPrice: far(0.89), stopLimitTimeInForce: "GTC" };
  const list = await exchange.privatePostOrderOco(pair);
  assert.equal(list.orders.length, 2);
  await exchange.privateDeleteOrderList({ symbol: "BTCUSDT", orderListId: list.orderListId });
  assert.equal((await exchange.fetchOpenOrders(SYMBOL)).length, 0);
});

test("npm: the balance is what it was less what was locked", async () => {
  const before = await exchange.fetchBalance();
  const { id } = await exchange.createOrder(SYMBOL, "limit", "sell", 0.5, far(1.2));
  const locked = await exchange.fetchBalance();
  assert.equal(locked.BTC.used - before.BTC.used, 0.5);
  await exchange.cancelOrder(id, SYMBOL);
  assert.deepEqual((await exchange.fetchBalance()).BTC, before.BTC);
});

test("npm: refusals have the class that ccxt has for them", async () => {
  const refused = (name, what) => assert.rejects(what, (error) => error instanceof ccxt[name] || assert.fail(`${name}: ${error}`));
  await refused("InsufficientFunds", exchange.createOrder(SYMBOL, "limit", "buy", 80, far(0.8)));
  await refused("InvalidOrder", exchange.createOrder(SYMBOL, "limit", "buy", 0.00001, far(20)));
  await refused("BadRequest", exchange.createOrder(SYMBOL, "limit", "buy", 0.00001, far(0.8)));
  await refused("OrderImmediatelyFillable", exchange.createOrder(SYMBOL, "limit", "buy", 0.001, far(1.1), { postOnly: true }));
  await refused("OrderNotFound", exchange.fetchOrder("99999999", SYMBOL));
  await refused("OrderNotFound", exchange.cancelOrder("99999999", SYMBOL));
  await refused("BadSymbol", exchange.fetchTicker("NO/SUCH"));
  const other = await connect();
  await refused("AuthenticationError", Object.assign(other, { apiKey: "nobody" }).fetchBalance());
  await refused("AuthenticationError", Object.assign(other, { apiKey: exchange.apiKey, secret: "guess" }).fetchBalance());
  await other.close();
});

test("npm: ordered faults have the class that ccxt has for them", async () => {
  const strikes = async (name, fault, what) => {
    await steer("POST", "faults", fault);
    await assert.rejects(what, (error) => error instanceof ccxt[name] || assert.fail(`${name}: ${error.constructor.name} ${error}`));
    await steer("DELETE", "faults");
  };
  const path = "/api/v3/account";
  await strikes("InvalidNonce", { kind: "clock-drift", ms: 60_000 }, () => exchange.fetchBalance());
  await strikes("DDoSProtection", { kind: "too-many-requests", path, count: 1 }, () => exchange.fetchBalance());
  await strikes("DDoSProtection", { kind: "banned", path, count: 1 }, () => exchange.fetchBalance());
  await strikes("OperationFailed", { kind: "error-before", path, count: 1 }, () => exchange.fetchBalance());
  await strikes("OperationFailed", { kind: "error-after", path, count: 1 }, () => exchange.fetchBalance());
  await strikes("OperationFailed", { kind: "maintenance" }, () => exchange.fetchBalance());
});

test("npm: an order whose answer never came is found by its name", async () => {
  exchange.timeout = 1_000;
  await steer("POST", "faults", { kind: "timeout-after", path: "/api/v3/order", method: "POST", count: 1 });
  const lost = exchange.createOrder(SYMBOL, "limit", "buy", 0.001, far(0.8), { newClientOrderId: "lost" });
  await assert.rejects(lost, (error) => error instanceof ccxt.RequestTimeout);
  exchange.timeout = 10_000;
  const found = await exchange.fetchOrder(undefined, SYMBOL, { origClientOrderId: "lost" });
  assert.deepEqual([found.status, found.clientOrderId], ["open", "lost"]);
  await exchange.cancelOrder(found.id, SYMBOL);
});
