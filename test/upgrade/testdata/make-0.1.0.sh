#!/usr/bin/env bash
# Makes 0.1.0.tar.gz, a small folder of data as formwork 0.1.0 (commit a441cf6) writes it.
#
#   make-0.1.0.sh PROGRAM OUTPUT
#
# PROGRAM is formwork built at that commit. It needs curl and jq.
set -euo pipefail
program=$1 output=$(realpath "$2")
port=${PORT:-28417}
work=$(mktemp -d)
trap 'kill "${server:-0}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
export FORMWORK_ADMIN_PASSWORD=correct-horse-battery FORMWORK_DEMO_PASSWORD=correct-horse-battery FORMWORK_USER_PASSWORD=correct-horse-battery
unset FORMWORK_URL FORMWORK_TOKEN FORMWORK_TENANT FORMWORK_DATABASE FORMWORK_BLOBS

url=http://127.0.0.1:$port
call() { curl -sSf -H "Authorization: Bearer $token" "${@:2}" "$url/api/v1/$1"; }
start() {
	"$program" serve --data data --listen "127.0.0.1:$port" "$@" >>server.log 2>&1 &
	server=$!
	until curl -sf "$url/readyz" >/dev/null; do kill -0 "$server"; sleep 0.2; done
}
stop() { kill "$server" && wait "$server" || true; }
settled() { sleep 3; until [ "$(call jobs | jq '[.items[] | select(.state == "running")] | length')" = 0 ]; do sleep 0.3; done; }

start --demo 120
token=$(curl -sSf "$url/api/v1/auth/login" --json '{"email": "admin@example.com", "password": "correct-horse-battery"}' | jq -r .token)

# An object of the tenant's own, a field on one of the package's, records of both.
mkdir -p overlay/object
cat >overlay/object/campus.json <<'END'
{"kind": "object", "name": "campus", "label": {"en": "Campus", "zh": "校区"}, "name_field": "name", "parent": "account",
 "fields": {
  "name": {"type": "text", "required": true},
  "account": {"type": "lookup", "object": "account", "required": true, "on_delete": "cascade"},
  "rooms": {"type": "number"},
  "price": {"type": "currency"},
  "opened": {"type": "date"},
  "tags": {"type": "tags"},
  "plan": {"type": "file"},
  "total": {"type": "formula", "result": "currency", "expression": "rooms * price"}}}
END
cat >overlay/object/account.json <<'END'
{"kind": "object", "name": "account", "fields": {
  "students": {"type": "number", "min": 0, "order": 65},
  "campus_rooms": {"type": "rollup", "result": "number", "object": "campus", "lookup": "account", "op": "sum", "field": "rooms"}}}
END
export FORMWORK_URL=$url FORMWORK_TOKEN=$token
"$program" apply -f overlay -m Campuses
account=$(call records/account --json '{"name": "北京教育集团", "industry": "education", "students": 3200}' | jq -r .id)
printf 'A plan of the campus.\n%.0s' {1..200} >plan.txt
file=$(curl -sSf -H "Authorization: Bearer $token" --data-binary @plan.txt "$url/api/v1/files?name=plan.txt" | jq -r .id)
campus=$(call records/campus --json "{\"name\": \"东校区\", \"account\": \"$account\", \"rooms\": 40, \"price\": 19.99, \"opened\": \"2019-09-01\", \"tags\": [\"old\"], \"plan\": [{\"id\": \"$file\"}]}" | jq -r .id)
call "records/campus/$campus" -X PATCH --json '{"rooms": 42}' >/dev/null
attached=$(curl -sSf -H "Authorization: Bearer $token" --data-binary @plan.txt "$url/api/v1/files?name=attached.txt" | jq -r .id)
call "records/account/$account/files" --json "{\"files\": [\"$attached\"]}" >/dev/null
gone=$(call records/account --json '{"name": "In the recycle bin"}' | jq -r .id)
call "records/account/$gone" -X DELETE

# A revision that is rolled back, and an import with a refused row.
cat >overlay/object/account.json <<'END'
{"kind": "object", "name": "account", "fields": {
  "students": {"type": "number", "min": 0, "order": 65},
  "campus_rooms": {"type": "rollup", "result": "number", "object": "campus", "lookup": "account", "op": "sum", "field": "rooms"},
  "regretted": {"type": "text"}}}
END
"$program" apply -f overlay -m Regretted
call metadata/rollback --json '{"to": 2, "message": "Back", "allow": ["object/account/fields/regretted"]}' >/dev/null
printf 'Company;Sector\nNorthfield College;education\nSouthfield College;eduction\n' >colleges.csv
echo '{"object": "account", "mode": "upsert", "key": ["name"], "fields": {"name": "Company", "industry": "Sector"}}' >colleges.json
"$program" import -f colleges.json colleges.csv || true
settled
stop
unset FORMWORK_URL FORMWORK_TOKEN

# Beside the server: users, another tenant, and a change whose work waits for a server.
"$program" user add --data data ann@example.com --name Ann --permissions admin
"$program" tenant create acme --data data --email ann@acme.example
cat >overlay/object/account.json <<'END'
{"kind": "object", "name": "account", "fields": {
  "students": {"type": "number", "min": 0, "order": 65},
  "campus_rooms": {"type": "rollup", "result": "number", "object": "campus", "lookup": "account", "op": "sum", "field": "rooms"},
  "campus_count": {"type": "rollup", "result": "number", "object": "campus", "lookup": "account", "op": "count"}}}
END
"$program" apply --data data -f overlay -m "Work that waits"
tar -czf "$output" data
ls -l "$output"
