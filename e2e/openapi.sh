#!/usr/bin/env bash
# The API document, as a validator of OpenAPI 3.1 sees it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/lib/server.sh"
source "$here/lib/check.sh"
source "$here/lib/http.sh"

start_server
call GET /openapi.json
must 200 "the document is served"
cp "$work/body" "$work/openapi.json"
holds "it says OpenAPI 3.1" '.openapi | startswith("3.1")'
holds "every operation has a summary, a tag and an id of its own" \
  '[.paths[][] | select(.summary != "" and (.tags | length == 1))] as $told | [.paths[][]] as $all
   | ($told | length) == ($all | length) and ([$all[].operationId] | unique | length) == ($all | length)'

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet openapi-spec-validator
if "$work/venv/bin/openapi-spec-validator" --validation-errors all "$work/openapi.json" >"$work/verdict" 2>&1; then
  ok "openapi-spec-validator finds no error"
else
  bad "openapi-spec-validator finds no error" "$(head -n 40 "$work/verdict")"
fi
summary
