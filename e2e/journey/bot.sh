# A paper bot over the same candles, and a crash in the middle of them.

# The speed leaves time for a crash: ten seconds and more for the year.
create_bot() {
  local bot
  bot=$(convention next_open/one_unit | jq --arg id "${strategies[one_unit]}" \
    '. + {name: "Crash test", mode: "paper", strategyId: $id, feed: {kind: "replay", speed: 10000}}')
  call POST /api/v1/bots "$bot"
  must 201 "a paper bot is created"
  bot_id=$(body .data.id)
  holds "it waits to be started" '.data.status == "created" and .data.candles == 0'
  call POST "/api/v1/bots/$bot_id/pause"
  refused 409 BOT_STATE "a bot that has not begun cannot be paused"
}

# orders_of BOT FILE: all of its orders, one a line, the oldest first.
orders_of() {
  local page=1 pages=1
  : >"$2"
  while ((page <= pages)); do
    call GET "/api/v1/orders?botId=$1&sort=createdAt&limit=100&page=$page"
    jq -c '.data[]' "$work/body" >>"$2"
    pages=$(body .meta.totalPages)
    page=$((page + 1))
  done
}

run_bot_through_a_crash() {
  call POST "/api/v1/bots/$bot_id/start"
  must 200 "the bot is started"
  local waited fed=0
  for ((waited = 0; waited < 600 && fed < candles / 5; waited++)); do
    call GET "/api/v1/bots/$bot_id"
    fed=$(body .data.candles)
    sleep 0.05
  done
  orders_of "$bot_id" "$work/before"
  if [[ -s "$work/before" ]]; then ok "orders appear while it runs: $(wc -l <"$work/before")"; else die "orders appear while it runs" "$(shown)"; fi
  call GET "/api/v1/bots/$bot_id"
  fed=$(body .data.candles)
  holds "it is in the middle of its candles" '.data.status == "running" and .data.candles > 0 and .data.candles < $n' --argjson n "$candles"

  kill_server
  ok "the server is killed after $fed candles"
  start_server
  ok "the server starts again on the same data"
  finished "/api/v1/bots/$bot_id" finished
  holds "the bot goes on by itself to the last candle" '.data.candles == $n' --argjson n "$candles"
}

# The fills of the bot as trades: each buy with the sale that follows.
trades_of_fills() {
  local after=
  : >"$work/fills"
  while
    call GET "/api/v1/fills?botId=$bot_id&limit=100&after=${after:-0_00000000-0000-0000-0000-000000000000}"
    jq -c '.data[]' "$work/body" >>"$work/fills"
    after=$(body '.meta.next // ""')
    [[ -n "$after" ]]
  do :; done
  jq -cs '[range(0; length - 1; 2) as $i | [.[$i], .[$i + 1]]] | .[]
    | select(.[0].side == "buy" and .[1].side == "sell")
    | [.[0].price, .[1].price, .[0].quantity, .[0].at, .[1].at]' "$work/fills" >"$work/bot-trades"
}

trades_of_backtest() {
  local page=1 pages=1
  : >"$work/backtest-trades"
  while ((page <= pages)); do
    call GET "/api/v1/backtests/$backtest/trades?limit=100&page=$page"
    jq -c 'def time: (. / 1000 | floor | todate | rtrimstr("Z")) + "." + ((. % 1000) + 1000 | tostring | .[1:]) + "Z";
      .data[] | [.entryPrice, .exitPrice, .quantity, (.entryTime | time), (.exitTime | time)]' "$work/body" >>"$work/backtest-trades"
    pages=$(body .meta.totalPages)
    page=$((page + 1))
  done
}

compare_orders_with_the_backtest() {
  orders_of "$bot_id" "$work/after"
  same "no order of before the crash is lost or changed" \
    "$(jq -r .clientOrderId "$work/before" | sort | comm -23 - <(jq -r .clientOrderId "$work/after" | sort) | wc -l)" 0
  same "no order is doubled" "$(jq -r .clientOrderId "$work/after" | sort | uniq -d | wc -l)" 0
  same "every order is filled" "$(jq -r .status "$work/after" | sort -u)" filled
  trades_of_fills
  trades_of_backtest
  same "every order has one fill" "$(jq -r .orderId "$work/fills" | sort -u | wc -l)/$(wc -l <"$work/fills")" "$(wc -l <"$work/after")/$(wc -l <"$work/after")"
  local count
  count=$(wc -l <"$work/backtest-trades")
  if ((count > 0)) && cmp -s "$work/bot-trades" "$work/backtest-trades"; then
    ok "all $count trades are those of the back-test, in price, quantity and time"
  else
    bad "the bot's trades are those of the back-test" "$(diff "$work/bot-trades" "$work/backtest-trades" | head -n 6)"
  fi
  call GET "/api/v1/bots/$bot_id/performance"
  near_golden "its equity, fees, trades and wins are the golden ones" next_open/one_unit .data.metrics
  call GET "/api/v1/portfolio"
  answers 200 "the portfolio sums it up"
}
