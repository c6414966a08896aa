#!/usr/bin/env python3
"""The same back-test in several engines on the bundled candles, and why their figures differ where they do.

    e2e/peers/run parity            print the table
    e2e/peers/run parity --write    write it into docs/backtesting.md
    e2e/peers/run parity --check    say whether the document holds what the engines say now

Every engine answers from a virtual environment of its own (`e2e/peers/run` makes it). A difference is not asserted: for
each trade that one engine has and the other has not, the averages at its signal are reckoned in whole numbers.
"""

import argparse
import bisect
import gzip
import json
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SAMPLES = ROOT / "samples" / "candles"
VENVS = Path(os.environ.get("PEERS_VENVS", HERE / ".venvs"))
PROGRAM = Path(os.environ.get("BOTCRIPTOFY", ROOT / "target" / "debug" / "botcriptofy"))
DOCUMENT = ROOT / "docs" / "backtesting.md"

FAST, SLOW = 10, 50
FILES = [
    ("BTC/USDT", "5m", "binance_BTCUSDT_5m_20230101_20231230.csv.gz"),
    ("BTC/USDT", "1h", "binance_BTCUSDT_1h_20170817_20211231.csv.gz"),
    ("ETH/USDT", "5m", "binance_ETHUSDT_5m_20230101_20230630.csv.gz"),
]
LENGTH = {"1m": 60_000, "5m": 300_000, "1h": 3_600_000}
# environment, script, fill at the close or at the next open, what else it is asked
ENGINES = [
    ("vectorbt", "vectorbt_engine.py", "close", {}),
    ("vectorbt", "vectorbt_engine.py", "nextOpen", {}),
    ("backtesting", "backtesting_engine.py", "close", {"strict": False}),
    ("backtesting", "backtesting_engine.py", "nextOpen", {"strict": False}),
    ("backtesting", "backtesting_engine.py", "nextOpen", {"strict": True}),
    ("nautilus", "nautilus_engine.py", "close", {}),
    ("freqtrade", "freqtrade_engine.py", "nextOpen", {"filled": True}),
]
# the same with a stop and a target; freqtrade's target is a profit after both fees, so ours is set to that price
STOP, TARGET = Fraction("0.01"), Fraction("0.02")
FEE = Fraction("0.001")
PROTECTED = [
    ("vectorbt", "vectorbt_engine.py", "close", {}, TARGET),
    ("backtesting", "backtesting_engine.py", "close", {"strict": False}, TARGET),
    ("freqtrade", "freqtrade_engine.py", "nextOpen", {"filled": True}, (1 + FEE) * (1 + TARGET) / (1 - FEE) - 1),
]
# what is written of an engine that was asked for something of its own
NOTES = {
    "strict": "its own crossover, strict on both sides",
}


def fill(rows, length):
    """The rows with what is missing between them as candles without trades at the last close."""
    for before, row in zip([None, *rows], rows):
        missing = range(int(before[0]) + length, int(row[0]), length) if before else []
        yield from ([str(time), *[before[4]] * 4, "0"] for time in missing)
        yield row


class Candles:
    """Closes as whole numbers of one unit, so that averages can be compared without any rounding."""

    def __init__(self, path, frame, filled=False):
        with gzip.open(path, "rt") as file:
            self.header, *lines = file.read().split()
        rows = [line.split(",") for line in lines]
        self.complete = len(rows) == (int(rows[-1][0]) - int(rows[0][0])) // LENGTH[frame] + 1
        self.rows = list(fill(rows, LENGTH[frame])) if filled else rows
        rows = self.rows
        self.times = [int(row[0]) for row in rows]
        self.closes = [Fraction(row[4]) for row in rows]

    def at(self, time):
        """The candle in which a moment lies."""
        return bisect.bisect_right(self.times, time) - 1

    def apart(self, row):
        """How far the fast average lies above the slow one at the close of a candle, exactly."""
        average = lambda period: sum(self.closes[row - period + 1 : row + 1]) / period
        return average(FAST) - average(SLOW)


def ours(symbol, frame, candles, fill, target=None):
    """The product's own answer, in the shape of the other engines'."""
    cross = {
        "name": "SMA cross",
        "market": {"exchange": "binance", "symbol": symbol, "timeframe": frame},
        "indicators": {"fast": {"kind": "sma", "period": FAST}, "slow": {"kind": "sma", "period": SLOW}},
        "entry": {"crossesAbove": ["fast", "slow"]},
        "exit": {"crossesBelow": ["fast", "slow"]},
        "sizing": {"kind": "fixedQuantity", "quantity": "1"},
    }
    if target:
        percent = lambda part: f"{float(part * 100):.15g}"
        cross["protect"] = {"stopLoss": {"percent": percent(STOP)}, "takeProfit": [{"percent": percent(target)}]}
    ask = {"strategy": cross, "initialCash": "10000000", "fees": {"maker": "0.001", "taker": "0.001"}, "fill": fill}
    with tempfile.TemporaryDirectory() as folder:
        request, rows = Path(folder, "cross.json"), Path(folder, "candles.csv")
        request.write_text(json.dumps(ask))
        rows.write_text("\n".join([candles.header, *(",".join(row) for row in candles.rows)]) + "\n")
        command = [PROGRAM, "backtest", request, "--candles", rows, "--json"]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    figures = answer["metrics"]
    trades = [
        [it["entryTime"], float(it["entryPrice"]), it["exitTime"], float(it["exitPrice"])] for it in answer["trades"]
    ]
    return {
        "engine": "BotCriptoFy",
        "finalEquity": float(figures["finalEquity"]),
        "fees": float(figures["totalFees"]),
        "closed": figures["closedTrades"],
        "open": figures["openTrades"],
        "maxDrawdown": figures["maxDrawdown"],
        "trades": trades,
    }


def theirs(venv, script, frame, file, fill, more):
    request = {
        "file": str(SAMPLES / file), "frame": frame, "cash": 1e7, "fee": 0.001, "fast": FAST, "slow": SLOW, "fill": fill,
        # nautilus sees a bar when it closes
        "delta": (LENGTH[frame] - 1) * 1_000_000,
    } | more
    command = [VENVS / venv / "bin" / "python", HERE / "engines" / script, json.dumps(request)]
    run = subprocess.run(command, check=True, capture_output=True, cwd=tempfile.gettempdir())
    return json.loads(run.stdout)


def signal_rows(trade, fill, candles):
    """The candles whose close gave the signals of a trade: for a fill at the open, those before."""
    # a stop or a target has no signal: its own candle counts
    back = 1 if fill == "nextOpen" else 0
    return candles.at(trade[0]) - back, candles.at(trade[2]) - back


def differences(ours, other, fill, candles):
    """Signals that only one of two runs acted on, and how many of them are exact ties of the averages."""
    sides = []
    for run in (ours, other):
        rows = [signal_rows(trade, fill, candles) for trade in run["trades"]]
        sides.append({("buy", buy) for buy, _ in rows} | {("sell", sell) for _, sell in rows})
    only = sides[0] ^ sides[1]
    ties = [it for it in only if tie(it[1], candles)]
    return sorted(only, key=lambda it: it[1]), len(ties)


def tie(row, candles):
    """Whether the averages are equal at this candle or the one before, so that a rounding decides."""
    return candles.apart(row) == 0 or candles.apart(row - 1) == 0


def explain(ours, other, fill, candles):
    apart = other["finalEquity"] - ours["finalEquity"]
    only, ties = differences(ours, other, fill, candles)
    if not only:
        return "equal to the cent" if abs(apart) < 0.005 else same_trades(ours, other, apart)
    when = candles.times[only[0][1]]
    kind = f"{len(only)} signals differ, the first a {only[0][0]} at the close of the candle of {stamp(when)} UTC"
    if ties == len(only):
        return f"{kind}; at each the averages are exactly equal at that candle or the one before, and rounding decides"
    return f"{kind}; {ties} of them are exact ties, the others follow from those"


def same_trades(ours, other, apart):
    """Where the trades are the same and the sum is not: which prices differ, and by how much."""
    pairs = [(a, b) for a, b in zip(ours["trades"], other["trades"])]
    prices = [abs(a[side] - b[side]) for a, b in pairs for side in (1, 3)]
    different = [it for it in prices if it > 1e-9]
    return f"same trades; {len(different)} of {len(prices)} prices are rounded by up to {max(prices):.2g}, {apart:+.3f} in all"


def stamp(millis):
    from datetime import datetime, timezone

    return datetime.fromtimestamp(millis / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M")


def table():
    heads = "| market | fills | engine | final equity | fees | closed trades | against ours |"
    lines = [heads, "| --- | --- | --- | ---: | ---: | ---: | --- |"]
    for symbol, frame, file in FILES:
        for fill in ("close", "nextOpen"):
            asked = [(*engine, None) for engine in ENGINES if engine[2] == fill]
            lines += compare(symbol, frame, file, fill, asked)
    lines += ["", f"With a stop {float(STOP):.0%} below and a target {float(TARGET):.0%} above the entry:", "", *lines[:2]]
    symbol, frame, file = FILES[0]
    for fill in ("close", "nextOpen"):
        lines += compare(symbol, frame, file, fill, [engine for engine in PROTECTED if engine[2] == fill])
    return "\n".join(lines)


def compare(symbol, frame, file, fill, engines):
    """Our row and that of each engine asked."""
    real, whole = Candles(SAMPLES / file, frame), Candles(SAMPLES / file, frame, filled=True)
    lines, told = [], []
    for venv, script, _, more, target in engines:
        print(f"{symbol} {frame} {fill} {venv} {more or ''}", file=sys.stderr)
        filled = more.get("filled", False) and not real.complete
        base = whole if filled else real
        own = ours(symbol, frame, base, fill, target)
        stops = {"stop": float(STOP), "target": float(TARGET)} if target else {}
        other = theirs(venv, script, frame, file, fill, more | stops)
        if (own["finalEquity"], filled) not in told:
            told.append((own["finalEquity"], filled))
            lines.append(row(symbol, frame, fill, own, "on candles made up for the outages" if filled else ""))
        why = explain(own, other, fill, base)
        lines.append(row(symbol, frame, fill, other, why + (f" ({NOTES['strict']})" if more.get("strict") else "")))
    return lines


def row(symbol, frame, fill, run, why):
    name = {"close": "close", "nextOpen": "next open"}[fill]
    return (
        f"| {symbol} {frame} | {name} | {run['engine']} | {run['finalEquity']:,.2f} | {run['fees']:,.2f} "
        f"| {run['closed']:,} | {why} |"
    )


def documented(made, name):
    """The document, and the same with a table between the marks of that name."""
    begin, end = (f"<!-- {name}: {mark} -->" for mark in ("begin", "end"))
    text = DOCUMENT.read_text()
    return text, f"{text.split(begin)[0]}{begin}\n{made}\n{end}{text.split(end)[1]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/backtesting.md")
    parser.add_argument("--check", action="store_true", help="compare the table with docs/backtesting.md")
    options = parser.parse_args()
    made = table()
    text, whole = documented(made, "parity")
    if options.write:
        DOCUMENT.write_text(whole)
    elif options.check:
        sys.exit(0 if whole == text else "docs/backtesting.md holds other figures: renew it by --write")
    else:
        print(made)


if __name__ == "__main__":
    main()
