#!/usr/bin/env bash
# A live bot on the sandbox exchange in real time, whose first order nobody answers and whose server is killed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in "$here"/lib/*.sh "$here"/journey/sign_up.sh; do
  source "$part"
done

began=$SECONDS
start_sandbox --seed 7
start_server

# exchange METHOD PATH [JSON]: steers the sandbox.
exchange() {
  curl --silent --fail --request "$1" "$SANDBOX_URL/sandbox/v1/$2" --header 'Content-Type: application/json' ${3:+--data-binary "$3"}
}

# signed PATH QUERY: what the account's holder is told, asked of the exchange itself.
signed() {
  local query="$2&timestamp=$(date +%s%3N)"
  local signature
  signature=$(python3 -c 'import hmac, sys; print(hmac.new(*map(str.encode, sys.argv[1:]), "sha256").hexdigest())' "$SANDBOX_SECRET" "${query#&}")
  curl --silent --fail --header "X-MBX-APIKEY: $SANDBOX_KEY" "$SANDBOX_URL/api/v3/$1?${query#&}&signature=$signature"
}

# within SECONDS NAME PATH FILTER: waits until an answer fulfils the filter.
within() {
  local waited
  for ((waited = 0; waited < $1 * 2; waited++)); do
    call GET "$3"
    if jq --exit-status "$4" "$work/body" >/dev/null 2>&1; then
      ok "$2"
      return
    fi
    sleep 0.5
  done
  local there
  there=$(shown)
  call GET "/api/v1/bots/${bot_id-}/events?limit=10"
  die "$2" "$there" "$(body '.data[].message')"
}

heading "An account at the exchange"
sign_up ana
call POST /api/v1/exchange-connections "$(jq -n --arg key "$SANDBOX_KEY" --arg secret "$SANDBOX_SECRET" \
  '{exchange: "binance", label: "Main", apiKey: $key, apiSecret: $secret}')"
must 201 "an account is connected"
connection=$(body .data.id)
if grep -q "$SANDBOX_SECRET\|$SANDBOX_KEY" "$work/body" "$log"; then bad "neither key nor secret is shown"; else ok "neither key nor secret is shown"; fi

heading "A live bot"
call POST /api/v1/strategies '{"name": "Always in", "market": {"exchange": "binance", "symbol": "BTC/USDT", "timeframe": "1m"},
  "entry": {"gt": ["close", 0]}, "exit": {"lt": ["close", 0]}, "sizing": {"kind": "fixedQuote", "quote": "1000"},
  "protect": {"stopLoss": {"percent": "20"}}}'
must 201 "a strategy that buys at the next candle"
call POST /api/v1/bots "$(jq -n --arg strategy "$(body .data.id)" --arg connection "$connection" \
  '{name: "Real", mode: "live", connectionId: $connection, strategyId: $strategy, initialCash: "2000", feed: {kind: "live"}}')"
must 201 "a bot on that account"
bot_id=$(body .data.id)
holds "it keeps to the filters of the exchange" '.data.filters[0].lot == "0.00001"'
call GET "/api/v1/bots/$bot_id/checklist"
holds "its checklist passes" '.data | length == 7 and all(.passed)'
call POST "/api/v1/bots/$bot_id/start"
refused 409 NOT_CONFIRMED "it does not start unasked"
exchange POST faults '{"kind": "timeout-after", "path": "/api/v3/order", "method": "POST", "count": 1}' >"$work/fault"
call POST "/api/v1/bots/$bot_id/start?confirm=Real"
must 200 "it starts by its name"

heading "Its first order, which the exchange takes and does not answer"
within 90 "the order is written down before it is sent" "/api/v1/orders?botId=$bot_id" '.data[0].status == "submitted"'
name=$(body '.data[0].clientOrderId')
kill_server
ok "the server is killed while nobody knows what has become of it"
start_server
within 40 "after the restart the bot has asked for it: it was filled" "/api/v1/orders?botId=$bot_id&sort=createdAt" '.data[0].status == "filled"'
same "it is the same order" "$(body '.data[0].clientOrderId')" "$name"
within 40 "its stop stands at the exchange" "/api/v1/orders?botId=$bot_id&status=accepted" '.data[0].kind == "stopMarket"'
same "the exchange has the two orders, once each" \
  "$(signed allOrders 'symbol=BTCUSDT' | jq -c '[.[].clientOrderId] | [length, (unique | length)]')" '[2,2]'
same "and the stop under the bot's name" "$(signed openOrders 'symbol=BTCUSDT' | jq -r '.[0].clientOrderId')" "$(body '.data[0].clientOrderId')"

heading "Another key for what is sealed"
# rotate: as an operator does beside the server.
rotate() {
  (cd "$work" && env -u DATABASE_URL -u ENCRYPTION_KEY "$binary" --data-dir "$data" --json keys rotate) >"$work/rotated" 2>"$work/said"
}
if rotate; then bad "the server holds it up that knows the old key alone"; else ok "the server holds it up that knows the old key alone"; fi
same "it says what to do" "$(grep -c 'restart with it as the first key' "$work/said")" 1
end server || bad "the server ends cleanly"
start_server
if rotate; then ok "beside the server that was restarted it is done"; else bad "beside the server that was restarted it is done" "$(cat "$work/said")"; fi
same "the account's key and secret are sealed anew" "$(jq -c '[.made, .resealed, .left]' "$work/rotated")" '[false,2,0]'
call POST "/api/v1/exchange-connections/$connection/test"
must 200 "the account is connected as before"

heading "The end"
call POST "/api/v1/bots/$bot_id/stop"
must 200 "it is stopped"
within 40 "it takes its stop back and sells" "/api/v1/bots/$bot_id" '.data.status == "stopped"'
same "nothing is open at the exchange" "$(signed openOrders 'symbol=BTCUSDT' | jq length)" 0
call GET "/api/v1/fills?botId=$bot_id&limit=100"
same "each of its fills is a trade of the exchange" "$(body '.data | length')" "$(signed myTrades 'symbol=BTCUSDT' | jq length)"
call GET /api/v1/portfolio
cash=$(body ".data.bots[] | select(.botId == \"$bot_id\") | .cash")
held=$(signed account '' | jq -r '.balances[] | select(.asset == "USDT") | .free')
same "its cash is what the account has" "$(python3 -c "from decimal import Decimal as D; print(D('$cash') - 2000 == D('$held') - 1000000)")" True
call GET "/api/v1/bots/$bot_id/events?limit=100"
holds "its events tell what was not known" 'any(.data[]; .kind == "order.unknown_outcome") or any(.data[]; .kind == "bot.resumed")'
same "money is conserved" "$(exchange GET state | jq -c .audit)" null
if end server; then ok "the server ends cleanly"; else bad "the server ends cleanly" "$(tail -n 5 "$log")"; fi
same "nothing was logged as an error" "$(awk '/"level":"ERROR"/ && ++shown <= 3' "$work"/server-*.log)" ""
printf '\n%d seconds' $((SECONDS - began))
summary
