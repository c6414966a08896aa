"""The SMA cross as a bare loop over numpy arrays, compiled by numba: the least that a back-test can cost in Python."""

import common

import numba
import numpy as np

ask = common.arguments()
columns = common.candles(ask["file"])


@numba.njit
def loop(opens, closes, fast, slow, cash, fee):
    coins, order, before = 0.0, 0, np.nan
    fast_sum = slow_sum = 0.0
    trades = 0
    for row in range(len(closes)):
        if order:
            cash -= order * opens[row] + fee * opens[row]
            coins += order
            trades += order < 0
            order = 0
        fast_sum += closes[row] - (closes[row - fast] if row >= fast else 0.0)
        slow_sum += closes[row] - (closes[row - slow] if row >= slow else 0.0)
        if row + 1 >= slow:
            apart = fast_sum / fast - slow_sum / slow
            if apart > 0 and before <= 0 and coins == 0:
                order = 1
            elif apart < 0 and before >= 0 and coins > 0:
                order = -1
            before = apart
    return cash + coins * closes[-1], trades


loop(columns["open"][:100], columns["close"][:100], ask["fast"], ask["slow"], ask["cash"], ask["fee"])
with common.timed():
    equity, closed = loop(columns["open"], columns["close"], ask["fast"], ask["slow"], ask["cash"], ask["fee"])
common.answer(engine="numpy and numba, a bare loop", finalEquity=equity, closed=closed)
