# What is wrong is refused, precisely and always in the same shape.

# post_bad STATUS CODE NAME PATH BODY [FAULT-PATH]
post_bad() {
  call POST "$4" "$5"
  refused "$1" "$2" "$3" "${6-}"
}

send_bad_requests() {
  local strategies=/api/v1/strategies json='Content-Type: application/json'
  post_bad 400 INVALID_JSON "broken JSON" $strategies '{"name": "x",'
  post_bad 400 INVALID_JSON "NaN, which is no JSON" /api/v1/bots '{"initialCash": NaN}'
  printf '{"name": "\xff\xfe"}' >"$work/broken"
  call POST $strategies "@$work/broken"
  refused 400 INVALID_JSON "broken UTF-8"
  head -c 10485760 /dev/zero | tr '\0' ' ' >"$work/large"
  call POST $strategies "@$work/large"
  refused 413 BODY_TOO_LARGE "a body of 10 MB"
  send POST $strategies --header 'Content-Type: text/plain' --data-binary '{}'
  refused 415 UNSUPPORTED_MEDIA_TYPE "a body that is no JSON"
  send POST "/api/v1/market-data/candles/import?$market" --header "$json" --data-binary '{}'
  refused 415 UNSUPPORTED_MEDIA_TYPE "a candle file that is JSON"
  call GET /api/v1/nothing
  refused 404 PAGE_NOT_FOUND "an unknown route"
  call DELETE $strategies
  refused 405 METHOD_NOT_ALLOWED "a wrong method"
  call GET $strategies/not-an-id
  refused 400 BAD_PATH "an id that is none"
  call GET "$strategies/00000000-0000-7000-8000-000000000000"
  refused 404 STRATEGY_NOT_FOUND "an id of nothing"
  call GET "$strategies?sort=password"
  refused 422 VALIDATION_ERROR "sorting by what is no field" sort
  jar='' call GET $strategies
  refused 401 UNAUTHORIZED "no session"
  local mine=$jar
  jar=
  send GET $strategies --cookie 'better-auth.session_token=forged.c2lnbmF0dXJl'
  refused 401 UNAUTHORIZED "a forged cookie"
  send POST $strategies --cookie "$mine" --header 'Origin: https://evil.example' --header "$json" --data-binary '{}'
  refused 403 INVALID_ORIGIN "a page of another origin"
  jar=$mine
}

send_bad_values() {
  local good
  good=$(sma_cross bad '{"kind": "fixedQuantity", "quantity": "1"}')
  wrong() { jq "$1" <<<"$good"; }
  post_bad 422 VALIDATION_ERROR "a number for a name" /api/v1/strategies "$(wrong '.name = 7')" name
  post_bad 422 VALIDATION_ERROR "an unknown field" /api/v1/strategies "$(wrong '.colour = "red"')" colour
  post_bad 422 VALIDATION_ERROR "a negative quantity" /api/v1/strategies "$(wrong '.sizing.quantity = "-1"')" sizing.quantity
  post_bad 422 VALIDATION_ERROR "a quantity of NaN" /api/v1/strategies "$(wrong '.sizing.quantity = "NaN"')" sizing.quantity
  post_bad 422 VALIDATION_ERROR "a period of 0" /api/v1/strategies "$(wrong '.indicators.fast.period = 0')" indicators.fast.period
  post_bad 422 VALIDATION_ERROR "an unknown indicator" /api/v1/strategies "$(wrong '.indicators.fast.kind = "oracle"')" indicators.fast.kind
  post_bad 422 VALIDATION_ERROR "an operand that is nothing" /api/v1/strategies "$(wrong '.entry.crossesAbove[1] = "sloow"')"
  post_bad 422 VALIDATION_ERROR "a list where an object belongs" /api/v1/strategies '[]'

  local bot
  bot=$(jq --null-input --arg id "${strategies[one_unit]}" \
    '{name: "Bad", mode: "paper", strategyId: $id, initialCash: "1000", feed: {kind: "replay", speed: "max"}}')
  wrong_bot() { jq "$1" <<<"$bot"; }
  post_bad 422 VALIDATION_ERROR "negative cash" /api/v1/bots "$(wrong_bot '.initialCash = "-1000"')" initialCash
  post_bad 422 VALIDATION_ERROR "infinite cash" /api/v1/bots "$(wrong_bot '.initialCash = "Infinity"')" initialCash
  post_bad 422 VALIDATION_ERROR "a speed of 0" /api/v1/bots "$(wrong_bot '.feed.speed = 0')" feed.speed
  post_bad 422 VALIDATION_ERROR "a live bot without an account" /api/v1/bots "$(wrong_bot '.mode = "live"')" connectionId
  post_bad 422 VALIDATION_ERROR "a name too long" /api/v1/bots "$(wrong_bot '.name = "x" * 101')" name
  post_bad 422 VALIDATION_ERROR "negative cash of a back-test" /api/v1/backtests \
    "$(jq --null-input --arg id "${strategies[one_unit]}" '{strategyId: $id, initialCash: "-1"}')" initialCash
  post_bad 400 VALIDATION_ERROR "an address that is none" /api/auth/sign-up/email '{"name":"x","email":"nobody","password":"long enough"}'
  post_bad 400 PASSWORD_TOO_SHORT "a short password" /api/auth/sign-up/email '{"name":"x","email":"x@example.com","password":"short"}'
  printf 'open_time_ms,open,high,low,close,volume\n1672531200000,1,2,0.5,x,1\n' >"$work/bad.csv"
  send POST "/api/v1/market-data/candles/import?$market" --header 'Content-Type: text/csv' --data-binary "@$work/bad.csv"
  refused 422 VALIDATION_ERROR "a candle file with a text for a price"
}
