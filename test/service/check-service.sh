#!/usr/bin/env bash
# Does what the image does, without Docker: installs the locked dependencies of a copy of the service, bundles it, starts the bundle
# alone, asks for its health, and stops it as ECS does. Needs curl, and the registry for what is installed.
set -euo pipefail

repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d)"
server=
finish() {
  # Only what failed before its stop is left.
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

say() { printf '\n== %s\n' "$*"; }

say 'installing and building a copy, as the Dockerfile does'
mkdir "$work/build" "$work/run"
cd "$work/build"
cp "$repository"/service/package.json "$repository"/service/package-lock.json .
npm ci --ignore-scripts --no-audit --no-fund
cp -R "$repository/service/src" src
npm run build

say 'starting the bundle'
cp dist/server.js "$work/run/"
cd "$work/run"
# Without what this machine may have set for the service or for AWS.
# A busy machine is no reason to refuse the play.
env -i PATH="$PATH" NODE_ENV=production PORT=0 MAX_EVENT_LOOP_DELAY_MS=10000 node server.js >log &
server=$!
url=
for _ in $(seq 100); do
  url="$(sed -n 's|.*Server listening at \(http://127\.0\.0\.1:[0-9]*\)".*|\1|p' log | head -n 1)"
  [ -z "$url" ] || break
  sleep 0.1
done
cat log
[ -n "$url" ] || { echo 'it does not listen'; exit 1; }

say "asking $url"
curl --silent --show-error --fail --max-time 10 "$url/health"
echo
curl --silent --show-error --fail --max-time 10 --json '{"title":"night-train"}' "$url/api/play"
echo

say 'stopping it'
kill -TERM "$server"
code=0
wait "$server" || code=$?
server=
[ "$code" -eq 0 ] || { echo "it ended with $code"; exit 1; }

say 'the service works'
