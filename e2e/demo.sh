#!/usr/bin/env bash
# The demonstration as a newcomer runs it: what it prints is there, its live bot trades, and it goes on after a restart.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for part in work check http; do
  source "$here/lib/$part.sh"
done

# Starts it, and waits until it has said where to look.
start_demo() {
  : >"$work/welcome"
  (
    cd "$work" && exec env -u DATABASE_URL -u REDIS_URL -u SMTP_URL -u BETTER_AUTH_SECRET -u BETTER_AUTH_URL -u BINANCE_REST_BASE \
      BOTCRIPTOFY_DATA_DIR="$work/data" HOST=127.0.0.1 PORT="${url##*:}" "$binary" demo
  ) >"$work/welcome" 2>"$work/log" &
  server=$!
  local waited
  for ((waited = 0; waited < 1200; waited++)); do
    if grep -q 'Ctrl-C' "$work/welcome"; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  die "the demonstration starts" "$(tail -n 20 "$work/log")" "$(cat "$work/welcome")"
}

# sign_in: by the address and the password that were printed.
sign_in() {
  jar=$work/jar
  call POST /api/auth/sign-in/email "$(jq -n --arg password "$(sed -n 's/.*(password: \(.*\))/\1/p' "$work/welcome")" \
    '{email: "trader@demo.example", $password}')"
  must 200 "its trader signs in"
}

url=http://127.0.0.1:$(node -e 'const it = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(it.address().port); it.close() })')
start_demo
ok "it says where to look"
sign_in
for path in $(grep -o "$url/api/v1/[^ ]*" "$work/welcome" | sort -u); do
  call GET "${path#"$url"}"
  answers 200 "it is there: ${path#"$url/api/v1/"}"
done
call GET /api/v1/bots
holds "one bot is on paper and one is live, and both run" \
  '[.data[] | select(.status == "running") | .mode] | sort == ["live", "paper"]'
live=$(body '.data[] | select(.mode == "live") | .id')

for ((waited = 0; waited < 360; waited++)); do
  call GET "/api/v1/fills?botId=$live"
  [[ $(body '.data | length') == 0 ]] || break
  sleep 0.5
done
holds "the live bot trades at the exchange" '.data | length > 0'

if end server; then ok "it ends when it is told to"; else bad "it ends when it is told to" "$(tail -n 5 "$work/log")"; fi
start_demo
sign_in
call GET "/api/v1/bots/$live"
holds "after a restart the live bot goes on" '.data.status == "running"'
call GET /api/v1/portfolio/proof
holds "and every position is what its fills make" '.data.checked == 2 and .data.differing == []'
same "nothing was logged as an error" "$(grep -c '"level":"ERROR"\| ERROR ' "$work/log" || true)" 0
summary
