# Checks and their count. A check prints one line; a failed one also prints what was there instead.

passed=0
failed=0

# A suite never ends without a word.
set -o errtrace
trap '((BASH_SUBSHELL)) || bad "the suite goes on" "it broke off at ${BASH_SOURCE[0]##*/}:$LINENO: $BASH_COMMAND"' ERR

ok() {
  passed=$((passed + 1))
  printf 'ok      %s\n' "$1"
}

# bad NAME WHAT-WAS-THERE…
bad() {
  failed=$((failed + 1))
  printf 'FAILED  %s\n' "$1"
  shift
  (($# == 0)) || printf '        %s\n' "$@"
}

# Ends the suite: what follows cannot be checked.
die() {
  bad "$@"
  exit 1
}

# same NAME ACTUAL EXPECTED
same() {
  if [[ "$2" == "$3" ]]; then ok "$1"; else bad "$1" "expected: $3" "was:      $2"; fi
}

heading() {
  printf '\n%s\n' "$1"
}

# The last line of every suite.
summary() {
  trap - ERR
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}
