#!/usr/bin/env bash
# The published schema of strategies, as a validator of JSON Schema sees it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/server.sh"
source "$here/lib/check.sh"
source "$here/lib/http.sh"
source "$here/journey/sign_up.sh"

start_server
sign_up ana
call GET /api/v1/strategies/schema
must 200 "the schema is served"
cp "$work/body" "$work/schema.json"
tag=$(header etag)
send GET /api/v1/strategies/schema --header "If-None-Match: $tag"
answers 304 "and not sent again to whoever keeps it"
call GET /api/v1/strategies/templates
must 200 "the templates are served"
cp "$work/body" "$work/templates.json"

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet jsonschema
if "$work/venv/bin/python" "$here/schema/check.py" "$work/schema.json" "$work/templates.json" >"$work/verdict" 2>&1; then
  ok "every template fits the schema, and what breaks a rule does not"
else
  bad "every template fits the schema, and what breaks a rule does not" "$(head -n 40 "$work/verdict")"
fi
summary
