#!/bin/sh
# Installs citymod on a server, or brings an installation to the version of this folder. Run as root, from anywhere:
#
#     sh systemd/install.sh --dry-run     says everything that it would do, and does nothing
#     sh systemd/install.sh               does it
#     sh systemd/install.sh --no-database the database is looked after by hand (copied, and prepared: README, PostgreSQL)
#
# It may be run as often as you like: what is there already stays. Settings, approvals and credentials are never
# overwritten. Each version has a folder and an environment of its own below /opt/citymod/releases; `current` points to
# the one that runs, and changes only when the new one is whole. Before tables are changed the database is copied to
# /var/backups/citymod. A version older than the database's is refused before anything is touched.
#
# DESTDIR=/some/root puts everything below another root (for packages, and for trying it): then no user is made and no
# service is told. SETUP="command" takes the place of `sh setup.sh run`, which fills the environment from the hashed lock.
set -eu
cd "$(dirname "$0")/.."

ROOT=${DESTDIR:-}
OPT=$ROOT/opt/citymod
ETC=$ROOT/etc/citymod
STATE=$ROOT/var/lib/citymod
KEPT=$ROOT/var/backups/citymod
UNITS=$ROOT/etc/systemd/system
SETTINGS=$ETC/citymod.yaml
OWNER=citymod
PARTS='archive bot connectors rules config systemd pyproject.toml requirements.lock setup.sh README.md SECURITY.md LICENSE'
dry='' database=yes

say() { printf 'install: %s\n' "$*"; }
fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
run() { if [ "$dry" ]; then printf 'would run: %s\n' "$*"; else "$@"; fi; }
here() { [ -z "$ROOT" ]; }
service() { here && command -v systemctl >/dev/null; }
as_owner() { if here; then runuser -u "$OWNER" -- "$@"; else "$@"; fi; }

for word in "$@"; do
    case $word in
    --dry-run) dry=yes ;;
    --no-database) database='' ;;
    *) fail "what is $word? There are --dry-run and --no-database." ;;
    esac
done

# --- may it be done here at all? ------------------------------------------------------------------------------------

for part in $PARTS; do [ -e "$part" ] || fail "$part is missing: run this from a complete copy of citymod."; done
if here && [ -z "$dry" ]; then
    [ "$(id -u)" = 0 ] || fail 'it makes a user and a service, so run it as root (or with --dry-run, to see what it does).'
    command -v systemctl >/dev/null || fail 'there is no systemd here; README.md says how to run citymod without it.'
    version=$(systemctl --version | sed -n '1s/[^0-9]*\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 250 ] || fail "systemd $version is too old: credentials are handed over by 250 or newer."
fi

# --- user and folders -----------------------------------------------------------------------------------------------

folder() { # MODE OWNER PATH
    if [ -d "$3" ]; then
        [ "$(stat -c %a "$3")" = "$1" ] || say "$3 has mode $(stat -c %a "$3"), not $1; it is left as it is"
        return 0
    fi
    mode=$1
    [ "${#1}" -gt 3 ] || mode=00$1 # five figures: what a folder would have from the one above it goes, too
    if here; then run install -d -m "$mode" -o "${2%:*}" -g "${2#*:}" "$3"; else run install -d -m "$mode" "$3"; fi
}
file() { # MODE SOURCE TARGET: only if there is none
    if [ -e "$3" ]; then say "$3 is there, and stays as it is"; return 0; fi
    if here; then run install -m "$1" -o root -g "$OWNER" "$2" "$3"; else run install -m "$1" "$2" "$3"; fi
}
if here && ! getent passwd "$OWNER" >/dev/null; then
    run useradd --system --home-dir /var/lib/citymod --shell /usr/sbin/nologin "$OWNER"
fi
folder 755 root:root "$OPT"
folder 755 root:root "$OPT/releases"
folder 2750 "root:$OWNER" "$ETC" # what is put there later can be read by the service, and by nobody else
folder 2750 "root:$OWNER" "$ETC/policy"
folder 700 root:root "$ETC/credentials"
folder 700 "$OWNER:$OWNER" "$STATE"
folder 700 "$OWNER:$OWNER" "$KEPT"
folder 755 root:root "$UNITS"

# --- this version, beside what runs ---------------------------------------------------------------------------------

# shellcheck disable=SC2086  the parts are words
listed() { find $PARTS -type f ! -path '*/__pycache__/*' ! -path '*/.*' | LC_ALL=C sort; }
number=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
release="$number-$(listed | tr '\n' '\0' | xargs -0 sha256sum | sha256sum | cut -c1-12)"
new=$OPT/releases/$release
old=$(readlink "$OPT/current" 2>/dev/null || true)
make_release() {
    rm -rf "$new"
    mkdir -m 755 "$new"
    listed | tar -cf - --no-recursion -T - | tar -xf - -C "$new" --no-same-owner
    (cd "$new" && umask 022 && ${SETUP:-sh setup.sh run}) ||
        fail "the environment could not be filled; what runs is untouched. See $new/.setup/log."
    [ -x "$new/.venv/bin/citymod" ] || fail "the environment has no citymod; what runs is untouched."
    : >"$new/.whole"
}
if [ -e "$new/.whole" ]; then
    say "version $release is there"
else
    say "version $release is put into $new, with an environment of its own"
    if [ "$dry" ]; then echo "would run: make_release $new ($(listed | wc -l) files, then ${SETUP:-sh setup.sh run})"; else make_release; fi
fi

# --- settings: what is there stays ----------------------------------------------------------------------------------

first=''
[ -e "$SETTINGS" ] || first=yes
[ -e "$SETTINGS" ] || say "there are no settings yet"
if ! cmp -s config/citymod.example.yaml "$ETC/citymod.example.yaml"; then # how this version explains each of them
    run rm -f "$ETC/citymod.example.yaml"
    file 640 config/citymod.example.yaml "$ETC/citymod.example.yaml"
fi
file 640 config/holidays.yaml "$ETC/holidays.yaml"
for policy in config/policy/*.yaml; do file 640 "$policy" "$ETC/policy/${policy##*/}"; done
if [ ! -e "$ETC/approvals.yaml" ]; then
    if [ "$dry" ]; then echo "would run: write [] to $ETC/approvals.yaml"; else
        printf '[]\n' >"$ETC/approvals.yaml"
        chmod 640 "$ETC/approvals.yaml"
        ! here || chgrp "$OWNER" "$ETC/approvals.yaml"
    fi
fi

# --- the database: looked at with the new program before anything that runs is touched --------------------------------

stands=none
citymod() { as_owner "$new/.venv/bin/citymod" "$@" --config "$SETTINGS"; }
if [ -z "$database" ]; then
    say 'the database is left to you'
elif [ -z "$first" ] && [ -x "$new/.venv/bin/citymod" ]; then
    stands=$(citymod database check) ||
        fail 'nothing was changed: see above. (Where only the service has the password: copy the database, stop the service, prepare it, and run this with --no-database.)'
elif [ -z "$first" ]; then
    say 'the database is looked at when the new version is there'
fi
[ "$stands" != newer ] ||
    fail "REFUSED: the database is of a newer version than $release. An older program must not touch newer records: install the newer version, or restore a copy from before ($KEPT). Nothing was changed."

# --- from the old to the new ------------------------------------------------------------------------------------------

active=''
if service && systemctl is-active --quiet citymod; then active=yes; fi
point() { ln -sfn "$1" "$OPT/current.new" && mv -Tf "$OPT/current.new" "$OPT/current"; }
back() { # WHY: the old one goes on
    [ -z "$old" ] || point "$old"
    [ -z "$active" ] || systemctl start citymod
    fail "$1 The version before ($old) goes on."
}
if [ "$active" ] && { [ "$old" != "releases/$release" ] || [ "$stands" = older ]; }; then run systemctl stop citymod; fi
if [ "$stands" = older ]; then
    copy=$KEPT/before-$release-$(date -u +%Y%m%dT%H%M%SZ)
    say "the database is copied to $copy, then brought to this version"
    if [ "$dry" ]; then
        echo "would run: citymod database copy $copy; citymod database upgrade"
    else
        citymod database copy "$copy" || back 'the database could not be copied, so it was not changed.'
        citymod database upgrade || back "the database could not be brought up, and is as it was (a copy lies at $copy)."
    fi
fi
if [ "$old" != "releases/$release" ]; then
    say "current: ${old:-none} -> releases/$release"
    run point "releases/$release"
fi
for unit in systemd/*.service systemd/*.timer systemd/*.socket; do
    [ -e "$unit" ] || continue
    target=$UNITS/${unit##*/}
    if cmp -s "$unit" "$target"; then continue; fi
    [ ! -e "$target" ] || run cp -p "$target" "$target.before"
    run install -m 644 "$unit" "$target"
done
if service; then
    run systemctl daemon-reload
    [ -z "$active" ] || run systemctl start citymod
fi
for one in "$OPT"/releases/*; do # the one before is kept, for looking back; no older one
    [ -d "$one" ] || continue
    case releases/${one##*/} in "releases/$release" | "$old") ;; *) run rm -rf "$one" ;; esac
done

# --- what is left to do ---------------------------------------------------------------------------------------------

if [ "$first" ]; then
    say "Now make $SETTINGS: /opt/citymod/current/.venv/bin/citymod init /etc/citymod asks for it, or copy the example"
    say 'beside it. Put the credentials where systemd/README.md says, approve policy and packs, and let'
    say '/opt/citymod/current/.venv/bin/citymod doctor look. Then: systemctl enable --now citymod'
else
    say "citymod $release is installed. Look: /opt/citymod/current/.venv/bin/citymod status"
fi
