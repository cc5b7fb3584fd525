#!/usr/bin/env bash
# Loads a sales export (accounts, products, teams and pipeline as CSV) into a tenant
# through the public API: the fields it has and the standard package lacks, roles
# from the manager column, people, then records. Running it again changes nothing.
#
#   load.sh DATA_DIR URL
#
# FORMWORK_ADMIN_EMAIL and FORMWORK_ADMIN_PASSWORD log in (or FORMWORK_TOKEN);
# FORMWORK_EXAMPLE_PASSWORD is given to the people who have none yet.
# FORMWORK names the program; without it, it is built from the source.
set -euo pipefail
if [ $# -ne 2 ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
data=$(cd "$1" && pwd) url=$2
: "${FORMWORK_EXAMPLE_PASSWORD:?is the password of the people that are made}"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
if [ -z "${FORMWORK:-}" ]; then
    FORMWORK=$root/bin/formwork
    (cd "$root" && go build -o bin/formwork ./cmd/formwork)
fi
export FORMWORK_EMAIL=${FORMWORK_EMAIL:-${FORMWORK_ADMIN_EMAIL:-}} FORMWORK_PASSWORD=${FORMWORK_PASSWORD:-${FORMWORK_ADMIN_PASSWORD:-}}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$here/metadata" "$work/metadata"
mkdir -p "$work/metadata/role"

# A manager's role stands above the role of their team.
role() { # name, label, parent
    printf '{"kind":"role","name":"%s","label":"%s","parent":"%s"}\n' "$1" "$2" "$3" >"$work/metadata/role/$1.json"
}
tail -n +2 "$data/sales_teams.csv" | cut -d, -f2 | sort -u | while read -r manager; do
    name=$(printf '%s' "$manager" | tr '[:upper:] -' '[:lower:]__')
    role "manager_$name" "$manager" sales_director
    role "team_$name" "Team of $manager" "manager_$name"
done

"$FORMWORK" apply --url "$url" -f "$work/metadata" --message "What the sales export needs"
load() { # options, file
    "$FORMWORK" import --url "$url" -f "$here/imports/$1.json" "$data/$2"
}
load managers sales_teams.csv
load agents sales_teams.csv
tail -n +2 "$data/sales_teams.csv" | cut -d, -f1,2 | tr , '\n' | sort -u | while read -r person; do
    printf '%s@example.com\n' "$(printf '%s' "$person" | tr '[:upper:] ' '[:lower:].')"
done | FORMWORK_USER_PASSWORD=$FORMWORK_EXAMPLE_PASSWORD "$FORMWORK" user password --url "$url" --if-unset -
load products products.csv
load accounts accounts.csv
load subsidiaries accounts.csv
load opportunities sales_pipeline.csv
