# A folder of the suite's own, the program, and how what a suite has started is ended.

[[ -z "${work-}" ]] || return 0
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binary=$(realpath "${BOTCRIPTOFY:-${CARGO_TARGET_DIR:-$top/target}/debug/botcriptofy}")
[[ -x "$binary" ]] || { echo "there is no $binary: run \`cargo build -p server\`" >&2 && exit 2; }

work=$(mktemp -d)
# the private PostgreSQL does not run as root: its user must get through
chmod 755 "$work"
server=
sandbox=

# end NAME: ends what runs under that name as an operator does; answers its exit code.
end() {
  local -n process=$1
  local code=0
  kill -TERM "$process" 2>/dev/null || true
  wait "$process" || code=$?
  process=
  return "$code"
}

clean_up() {
  local name
  for name in server sandbox; do
    [[ -z "${!name}" ]] || end "$name" || true
  done
  rm -rf "$work"
}
trap clean_up EXIT
