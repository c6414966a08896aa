#!/usr/bin/env bash
# A new user's way through the product, by curl and jq alone: from signing up to a bot that lives through a crash.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in "$here"/lib/*.sh "$here"/journey/*.sh; do
  source "$part"
done

samples=$top/samples
candle_file=binance_BTCUSDT_5m_20230101_20231230.csv.gz
golden=$samples/golden/backtest_sma_cross.json

began=$SECONDS
start_server

heading "A new user"
sign_up ana
ana=$jar
see_the_tenant

heading "Candles"
import_candles

heading "A strategy and its back-tests"
create_strategies
backtest_every_convention

heading "A paper bot that lives through a crash"
create_bot
run_bot_through_a_crash
compare_orders_with_the_backtest

heading "The audit trail"
find_the_audit_entries

heading "Another tenant"
sign_up bob
bob=$jar
look_for_what_is_anothers
meddle_with_what_is_anothers
jar=$ana
find_everything_untouched

heading "Bad input"
send_bad_requests
send_bad_values

heading "The end"
if end server; then ok "the server ends cleanly when it is told to"; else bad "the server ends cleanly when it is told to" "$(tail -n 5 "$log")"; fi
same "nothing was logged as an error" "$(awk '/"level":"ERROR"/ && !/EXCHANGE_UNAVAILABLE/ && ++shown <= 3' "$work"/server-*.log)" ""
printf '\n%d seconds' $((SECONDS - began))
summary
