# A server of the suite's own, in an empty folder and on a free port.

source "$(dirname "${BASH_SOURCE[0]}")/work.sh"

data=$work/data
starts=0
port=0
url=

# Starts the server and waits until it is ready. The port stays the same when it is started again.
start_server() {
  starts=$((starts + 1))
  log=$work/server-$starts.log
  (
    # settings of the machine are not the suite's, and nothing goes out to another exchange than the suite's
    cd "$work" && exec env -u DATABASE_URL -u REDIS_URL -u SMTP_URL -u BETTER_AUTH_SECRET -u BETTER_AUTH_URL \
      RATE_LIMITS=off BINANCE_REST_BASE="${SANDBOX_URL:-http://127.0.0.1:9}" HOST=127.0.0.1 PORT="$port" LOG_FORMAT=json "$binary" serve --data-dir "$data"
  ) >"$log" 2>&1 &
  server=$!
  local waited
  for ((waited = 0; waited < 600; waited++)); do
    url=$(grep -so 'listening on http://[^"]*' "$log" | sed 's/^listening on //') || true
    if [[ -n "$url" ]] && curl --silent --fail --max-time 2 "$url/health/ready" >/dev/null; then
      port=${url##*:}
      return
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "the server did not become ready:" >&2
  grep -v '^ ' "$log" | tail -n 20 >&2
  exit 1
}

# Ends the server as a crash does.
kill_server() {
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
  server=
}
