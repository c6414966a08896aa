"""What all scripts of other engines share: the request, candles, and the answer that they print."""

import contextlib
import gzip
import json
import sys
import time

import numpy as np

took = {}


def arguments():
    """The request: file, frame, cash, fee, fast and slow period, fill, and what else a comparison asks."""
    return json.loads(sys.argv[1])


def candles(path):
    """The columns of a candle file: time in milliseconds, open, high, low, close, volume."""
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1)
    return dict(zip(["time", "open", "high", "low", "close", "volume"], rows.T))


def frame(path, named=str.title, utc=False):
    """The same as a pandas table with the column names that an engine wants, and the times in milliseconds."""
    import pandas as pd

    columns = candles(path)
    moments = columns.pop("time").astype("int64")
    table = pd.DataFrame({named(name): column for name, column in columns.items()})
    # vectorbt converts times with a zone again and again, which would cost it seconds
    table.index = pd.to_datetime(moments, unit="ms", utc=utc)
    return table, moments


@contextlib.contextmanager
def timed():
    """Counts the processor's seconds of the run itself, without imports and reading."""
    begin = time.process_time()
    yield
    took["cpuSeconds"] = time.process_time() - begin


def answer(**figures):
    """Prints the figures; trades are lists of entry time, entry price, exit time, exit price."""
    json.dump(figures | took, sys.stdout, default=float)
