# Requests by curl and checks of their answers. `url` is the server's, `jar` the user's cookies.

jar=
status=
readonly jq_time='^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$'

# send METHOD PATH [CURL-OPTION…]: the answer is in `$status`, `$work/body` and `$work/headers`.
send() {
  local method=$1 path=$2
  shift 2
  local options=(--silent --show-error --globoff --max-time 300 --request "$method")
  options+=(--output "$work/body" --dump-header "$work/headers" --write-out '%{http_code}')
  [[ -z "$jar" ]] || options+=(--cookie "$jar" --cookie-jar "$jar" --header "Origin: $url")
  : >"$work/body"
  request="$method $path"
  status=$(curl "${options[@]}" "$@" "$url$path") || status="curl ended with $?"
}

# call METHOD PATH [JSON]
call() {
  if (($# > 2)); then
    send "$1" "$2" --header 'Content-Type: application/json' --data-binary "$3"
  else
    send "$1" "$2"
  fi
}

# What was there, for a failed check.
shown() {
  printf '%s answered %s: %s' "$request" "$status" "$(head -c 600 "$work/body" | tr '\n' ' ')"
}

# body FILTER: a part of the answer.
body() {
  jq -r "$1" "$work/body" 2>/dev/null || printf 'no JSON'
}

# answers STATUS NAME
answers() {
  if [[ "$status" == "$1" ]]; then ok "$2"; else bad "$2" "$(shown)"; fi
}

# must STATUS NAME: as `answers`, but without it there is no going on.
must() {
  [[ "$status" == "$1" ]] || die "$2" "$(shown)"
  ok "$2"
}

# holds NAME FILTER [JQ-OPTION…]: the answer fulfils the filter.
holds() {
  local name=$1 filter=$2
  shift 2
  if jq --exit-status "$@" "$filter" "$work/body" >/dev/null 2>&1; then ok "$name"; else bad "$name" "not: $filter" "$(shown)"; fi
}

# header NAME: of the answer.
header() {
  sed -n "s/^$1: *//Ip" "$work/headers" | tr -d '\r'
}

# refused STATUS CODE NAME [FAULT-PATH]: in the one shape of every error.
refused() {
  local shape='(.error | type == "string" and endswith("Error"))
    and .code == $code and .statusCode == $status and .path == $path
    and (.message | type == "string" and length > 0) and (.context | type == "object")
    and (.timestamp | test($time)) and .correlationId == $correlation
    and ($status != 422 or (.errors | length > 0 and all(has("path") and has("code") and has("message"))))
    and ($fault == "" or any(.errors[]; .path == $fault))'
  local path=${request#* }
  if [[ "$status" == "$1" ]] && jq --exit-status --arg code "$2" --argjson status "$1" --arg path "${path%%\?*}" \
    --arg time "$jq_time" --arg correlation "$(header x-correlation-id)" --arg fault "${4-}" "$shape" "$work/body" >/dev/null; then
    ok "$3: $1 $2${4:+ at $4}"
  else
    bad "$3" "expected: $1 $2${4:+ at $4}, in the shape of every error" "$(shown)"
  fi
}
