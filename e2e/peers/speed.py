#!/usr/bin/env python3
"""How many candles a second other engines take for the SMA cross over a year of minutes, beside ours.

    e2e/peers/run speed             print the table
    e2e/peers/run speed --write     write it into docs/backtesting.md too
    e2e/peers/run speed --json      the seconds alone

`cargo xtask bench backtest --json` is run in the same go. The seconds are the processor's, of the run itself: without
reading the candles, and where something is compiled at the first run, of the second.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import parity

CANDLES = 525_600
ENGINES = [
    ("vectorbt", "numpy_loop.py", "nextOpen"),
    ("vectorbt", "vectorbt_engine.py", "close"),
    ("backtesting", "backtesting_engine.py", "nextOpen"),
    ("nautilus", "nautilus_engine.py", "close"),
    ("freqtrade", "freqtrade_engine.py", "nextOpen"),
]


def walk():
    """A random walk of cents in steps of a linear congruential generator, the same each time."""
    seed, close = 42, 3_000_000
    yield "open_time_ms,open,high,low,close,volume"
    for row in range(CANDLES):
        seed = (seed * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        opened, close = close, min(max(close + (seed >> 33) % 6_001 - 3_000, 1_000_000), 9_000_000)
        high, low = max(opened, close) + 100, min(opened, close) - 100
        cents = (f"{it // 100}.{it % 100:02}" for it in (opened, high, low, close))
        yield f"{1_672_531_200_000 + row * 60_000},{','.join(cents)},1"


def rows():
    """Who, and how many seconds of the processor a year of minutes takes."""
    command = ["cargo", "xtask", "bench", "backtest", "--json"]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=parity.ROOT).stdout)
    yield "BotCriptoFy, exact decimals, all trades and figures", CANDLES / ours["candlesPerSecond"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "binance_BTCUSDT_1m.csv.gz")
        with gzip.open(file, "wt", compresslevel=1) as out:
            out.writelines(f"{line}\n" for line in walk())
        for venv, script, fill in ENGINES:
            print(script, file=sys.stderr)
            run = parity.theirs(venv, script, "1m", file, fill, {"strict": False})
            yield run["engine"], run["cpuSeconds"]


def table(measured):
    yield "| engine | candles a second | CPU seconds a year of minutes | times as long as ours |"
    yield "| --- | ---: | ---: | ---: |"
    for engine, seconds in measured.items():
        times = seconds / next(iter(measured.values()))
        yield f"| {engine} | {CANDLES / seconds:,.0f} | {seconds:.3f} | {times:,.1f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into docs/backtesting.md")
    parser.add_argument("--json", action="store_true", help="print the seconds of each engine")
    options = parser.parse_args()
    measured = dict(rows())
    made = "\n".join(table(measured))
    print(json.dumps(measured) if options.json else made)
    if options.write:
        parity.DOCUMENT.write_text(parity.documented(made, "speed")[1])


if __name__ == "__main__":
    main()
