#!/usr/bin/env python3
"""How many candles a second other engines take for the SMA cross over a year of minutes, beside ours.

Run by `e2e/peers/run speed`; `cargo xtask bench backtest --json` is run in the same go.
"""

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


def main():
    command = ["cargo", "xtask", "bench", "backtest", "--json"]
    ours = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=parity.ROOT).stdout)
    print("| engine | candles a second | CPU seconds a year of minutes | times slower than ours |")
    print("| --- | ---: | ---: | ---: |")
    best = CANDLES / ours["candlesPerSecond"]
    print(f"| BotCriptoFy, exact decimals, all trades and figures | {CANDLES / best:,.0f} | {best:.3f} | 1 |")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "binance_BTCUSDT_1m.csv.gz")
        with gzip.open(file, "wt", compresslevel=1) as out:
            out.writelines(f"{line}\n" for line in walk())
        for venv, script, fill in ENGINES:
            print(script, file=sys.stderr)
            run = parity.theirs(venv, script, "1m", file, fill, {"strict": False})
            seconds = run["cpuSeconds"]
            print(f"| {run['engine']} | {CANDLES / seconds:,.0f} | {seconds:.3f} | {seconds / best:,.1f} |", flush=True)


if __name__ == "__main__":
    main()
