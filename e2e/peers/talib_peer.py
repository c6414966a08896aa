#!/usr/bin/env python3
"""TA-Lib's C library, by its package for Python, beside our indicators.

  talib_peer.py times COLUMNS < kinds.json            seconds of each kind on raw columns
  talib_peer.py golden CANDLES.csv.gz ROWS < kinds.json   its values as a golden file

`kinds.json` is what `cargo run -p trading --example indicators -- kinds` prints. Install the
package with `pip install TA-Lib`; without it the script ends with the status 3.
"""
import csv
import gzip
import json
import sys
import time

try:
    import numpy
    import talib
except ImportError:
    sys.exit(3)

ROUNDS = 7
FIELDS = ["timestamp", "open", "high", "low", "close", "volume"]


def function(kind):
    """TA-Lib's function for a kind of ours, where it has one."""
    if not kind["source"].startswith("https://ta-lib.org/"):
        return None
    return getattr(talib, kind["source"].rsplit("/", 1)[1].upper(), None)


def inputs(kind, columns):
    fields = kind["inputs"]["fixed"] if isinstance(kind["inputs"], dict) else ["close"]
    return [columns[field] for field in fields]


def with_typical(columns):
    columns["typical"] = (columns["high"] + columns["low"] + columns["close"]) / 3.0
    return columns


def seconds(call, columns):
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        call(*columns)
        best = min(best, time.perf_counter() - start)
    return best


def times(kinds, path):
    raw = numpy.fromfile(path).reshape(len(FIELDS), -1)
    columns = with_typical({name: raw[i].copy() for i, name in enumerate(FIELDS)})
    known = ((kind, function(kind)) for kind in kinds)
    print(json.dumps({kind["name"]: seconds(call, inputs(kind, columns)) for kind, call in known if call}))


def outputs(kind, values):
    """Names and columns; the spans of Ichimoku are drawn ahead by us and told raw by TA-Lib."""
    values = values if isinstance(values, (tuple, list)) else [values]
    return zip(kind["outputs"], values)


def golden(kinds, path, rows):
    with gzip.open(path, "rt") as file:
        candles = [row for row, _ in zip(list(csv.reader(file))[1:], range(rows))]
    columns = {name: numpy.array([float(row[i]) for row in candles]) for i, name in enumerate(FIELDS)}
    told = [(name, columns[name]) for name in FIELDS]
    with_typical(columns)
    for kind in kinds:
        call = function(kind)
        if call:
            options = {"timeperiod": 20} if kind["name"] == "rollingVwap" else {}
            values = call(*inputs(kind, columns), **options)
            told += [(f"{kind['name']}.{name}", column) for name, column in outputs(kind, values)]
    print("#", json.dumps({"talib": talib.__version__, "c": talib.__ta_version__.decode(), "parameters": "defaults"}))
    print(",".join(name for name, _ in told))
    for row in range(rows):
        cells = (column[row] for _, column in told)
        print(",".join("" if cell != cell else f"{cell:.17g}" for cell in cells))


if __name__ == "__main__":
    catalogue = json.load(sys.stdin)
    if sys.argv[1] == "times":
        times(catalogue, sys.argv[2])
    else:
        golden(catalogue, sys.argv[2], int(sys.argv[3]))
