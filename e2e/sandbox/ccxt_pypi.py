"""ccxt of PyPI on the sandbox: REST and streams. Each check prints a line; the first that fails ends it."""

import asyncio
import json
import os
import urllib.request

import ccxt
import ccxt.pro
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

URL = os.environ["SANDBOX_URL"]
SOCKETS = URL.replace("http", "ws", 1)
SYMBOL = "BTC/USDT"


def config(**further):
    return {
        "apiKey": os.environ["SANDBOX_KEY"],
        "secret": os.environ["SANDBOX_SECRET"],
        "enableRateLimit": False,
        "options": {"fetchMarkets": {"types": ["spot"]}, "fetchMargins": False},
        "urls": {
            "api": {
                "public": f"{URL}/api/v3",
                "private": f"{URL}/api/v3",
                "sapi": f"{URL}/sapi/v1",
                "ws": {"spot": f"{SOCKETS}/stream/ws", "ws-api": {"spot": f"{SOCKETS}/ws-api/v3"}},
            }
        },
        **further,
    }


def ok(name):
    print(f"ok PyPI: {name}", flush=True)


def refused(error, what):
    try:
        what()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def steer(path, body):
    request = urllib.request.Request(
        f"{URL}/sandbox/v1/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def rest():
    exchange = ccxt.binance(config())
    exchange.load_markets()
    precision = exchange.market(SYMBOL)["precision"]
    assert (precision["amount"], precision["price"]) == (1e-05, 0.01)
    ticker = exchange.fetch_ticker(SYMBOL)
    book = exchange.fetch_order_book(SYMBOL, 20)
    candles = exchange.fetch_ohlcv(SYMBOL, "1h", limit=24)
    trades = exchange.fetch_trades(SYMBOL, limit=5)
    assert ticker["bid"] < ticker["ask"] and len(book["asks"]) == 20 and len(candles) == 24 and trades
    times = [it[0] for it in exchange.fetch_ohlcv(SYMBOL, "1s", limit=5)]
    assert times and all(later - earlier == 1_000 for earlier, later in zip(times, times[1:]))
    ok("markets and market data are read, candles of a second among them")

    far = lambda part: float(exchange.price_to_precision(SYMBOL, ticker["last"] * part))
    placed = exchange.create_order(SYMBOL, "limit", "buy", 0.001, far(0.8))
    edited = exchange.edit_order(placed["id"], SYMBOL, "limit", "buy", 0.002, far(0.79))
    assert exchange.fetch_order(placed["id"], SYMBOL)["status"] == "canceled"
    assert [it["id"] for it in exchange.fetch_open_orders(SYMBOL)] == [edited["id"]]
    assert exchange.cancel_order(edited["id"], SYMBOL)["status"] == "canceled"
    ok("a limit order is placed, edited and cancelled")

    bought = exchange.create_order(SYMBOL, "market", "buy", 0.01)
    sold = exchange.create_order(SYMBOL, "market", "sell", 0.01)
    spent = exchange.create_market_buy_order_with_cost(SYMBOL, 50)
    assert [it["status"] for it in (bought, sold, spent)] == ["closed"] * 3
    stop = exchange.create_order(SYMBOL, "market", "sell", 0.001, None, {"stopLossPrice": far(0.9)})
    maker = exchange.create_order(SYMBOL, "limit", "sell", 0.001, far(1.1), {"postOnly": True})
    assert exchange.fetch_order(stop["id"], SYMBOL)["stopPrice"] == far(0.9)
    assert exchange.fetch_order(maker["id"], SYMBOL)["postOnly"]
    exchange.cancel_all_orders(SYMBOL)
    mine = {it["order"] for it in exchange.fetch_my_trades(SYMBOL)}
    assert {bought["id"], sold["id"], spent["id"]} <= mine
    assert bought["id"] in {it["id"] for it in exchange.fetch_closed_orders(SYMBOL)}
    assert exchange.fetch_balance()["BTC"]["total"] > 0
    ok("market, stop and post-only orders, own trades and balances")

    refused(ccxt.InsufficientFunds, lambda: exchange.create_order(SYMBOL, "limit", "buy", 80, far(0.8)))
    refused(ccxt.InvalidOrder, lambda: exchange.create_order(SYMBOL, "limit", "buy", 0.00001, far(20)))
    refused(ccxt.OrderNotFound, lambda: exchange.cancel_order("99999999", SYMBOL))
    refused(ccxt.AuthenticationError, lambda: ccxt.binance(config(apiKey="nobody")).fetch_balance())
    ok("refusals have the class that ccxt has for them")


async def ed25519():
    private = Ed25519PrivateKey.generate()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    key = steer("accounts", {"deposits": {"USDT": "1000"}, "publicKey": public})["apiKey"]
    exchange = ccxt.pro.binance(config(apiKey=key, secret=secret))
    try:
        await exchange.load_markets()
        assert (await exchange.fetch_balance())["USDT"]["total"] == 1_000
        orders = asyncio.create_task(exchange.watch_orders(SYMBOL))
        await asyncio.sleep(2)
        placed = await exchange.create_order(SYMBOL, "market", "buy", 0.001)
        assert (await asyncio.wait_for(orders, 20))[-1]["id"] == placed["id"]
        over_socket = await exchange.create_order_ws(SYMBOL, "market", "sell", 0.0005)
        assert over_socket["status"] == "closed"
        forger = ccxt.binance(config(apiKey=key))
        refused(ccxt.AuthenticationError, forger.fetch_balance)
        ok("a key of Ed25519 signs over REST and over the WebSocket API")
    finally:
        await exchange.close()


async def streams():
    exchange = ccxt.pro.binance(config())
    try:
        await exchange.load_markets()
        assert (await exchange.watch_ticker(SYMBOL))["last"] > 0
        assert (await exchange.watch_trades(SYMBOL))[-1]["price"] > 0
        for interval in ("1s", "1m"):
            assert (await exchange.watch_ohlcv(SYMBOL, interval))[-1][4] > 0
        for _ in range(5):
            book = await exchange.watch_order_book(SYMBOL)
            assert book["bids"][0][0] < book["asks"][0][0]
        ok("tickers, trades, candles and books are watched")

        orders = asyncio.create_task(exchange.watch_orders(SYMBOL))
        trades = asyncio.create_task(exchange.watch_my_trades(SYMBOL))
        balance = asyncio.create_task(exchange.watch_balance())
        await asyncio.sleep(2)
        placed = await exchange.create_order(SYMBOL, "market", "buy", 0.002)
        heard = await asyncio.wait_for(asyncio.gather(orders, trades, balance), 20)
        assert heard[0][-1]["id"] == placed["id"] and heard[1][-1]["order"] == placed["id"]
        ok("orders, own trades and balances are watched")
    finally:
        await exchange.close()


rest()
asyncio.run(streams())
asyncio.run(ed25519())
