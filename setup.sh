#!/bin/sh
# Makes this checkout ready to run: a Python environment, packages from the hashed lock, a Chromium and fonts.
#
#   sh setup.sh run    what the program needs, its demo and PostgreSQL included
#   sh setup.sh dev    that, and what the checks need, a PostgreSQL server included
#
# Safe to run again and again; returns at once when nothing is to do. Where something cannot be had it says in one
# sentence what is missing and what to do, and exits with 1. What pip and apt-get print goes to .setup/log.
# CITYMOD_PYTHON, CITYMOD_BROWSER and CITYMOD_POSTGRESQL name a Python, a Chromium and a folder with initdb of your own.
set -eu
cd "$(dirname "$0")"
PY=.venv/bin/python
LOG=.setup/log

# Standard output is left to what set-up is for: `make demo ARGS=--json` prints one object and nothing else.
say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { printf 'set-up: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }
# bounded SECONDS COMMAND...  (where there is no `timeout`, as on macOS, the command's own limits must do)
bounded() { if has timeout; then timeout -k 5 "$@"; else shift; "$@"; fi; }

# --- the distribution's packages: only as root, or where sudo asks for no password ---------------------------------

if [ "$(id -u)" -eq 0 ]; then root=; else root='sudo -n'; fi
apt_get() {
    bounded 600 $root env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60 "$@" </dev/null >>"$LOG" 2>&1
}
apt_install() { # PACKAGE...; refreshes the package list once a run, and only when something is wanted
    has apt-get && $root true 2>/dev/null || return 1
    if [ -z "${refreshed:-}" ]; then
        say 'refreshing the list of packages of the distribution'
        apt_get update || say 'that failed; trying with the list as it was'
        refreshed=yes
    fi
    say "installing $*"
    apt_get install -y --no-install-recommends "$@"
}

# --- Python and packages -------------------------------------------------------------------------------------------

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
find_python() {
    for name in ${CITYMOD_PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if fits "$name"; then command -v "$name"; return; fi
    done
    if [ -n "${CITYMOD_PYTHON:-}" ]; then
        fail "CITYMOD_PYTHON names $CITYMOD_PYTHON, which is no Python 3.11 or newer: name another, or unset it."
    fi
    old=$(python3 -V 2>/dev/null) || old='no Python at all'
    fail "citymod needs Python 3.11 or newer and found $old: install one, or name it with CITYMOD_PYTHON=/path/to/python3."
}
own_pip() { "$PY" -m pip --version >/dev/null 2>&1; }
pip() { # the environment's own pip, or one beside it where Python came without ensurepip
    if own_pip; then set -- "$PY" -m pip "$@"; else set -- "$(find_python)" -m pip --python "$PY" "$@"; fi
    "$@" --quiet --disable-pip-version-check --no-input >>"$LOG" 2>&1
}
fresh() { # MODULE...: makes .venv anew with that module of Python and proves that packages can be put into it
    rm -rf .venv
    "$python" -m "$@" .venv >>"$LOG" 2>&1 && pip list
}
make_environment() {
    python=$(find_python)
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "making .venv with Python $version"
    fresh venv || fresh virtualenv || fresh venv --without-pip || {
        { apt_install "python$version-venv" || apt_install python3-venv; } && fresh venv
    } || fail "Python $version cannot make a virtual environment here: install its venv module (Debian: apt-get install python$version-venv)."
}
ours() { fits "$PY" && grep -qsF "$(pwd -P)/.venv" .venv/bin/activate && pip list; } # not a copy of another folder's
fingerprint() { # what must be as it was for an environment to be still good
    { cat "$1" pyproject.toml; pwd; "$PY" -V; } 2>/dev/null | cksum
}
filled() { fits "$PY" && [ "$(cat ".setup/$1" 2>/dev/null)" = "$(fingerprint "$2")" ]; }
fill() { # NAME LOCK
    ours || make_environment
    say "installing $(grep -c '^[a-z].*==' "$2") packages, each checked against its hash in $2 (about half a minute)"
    # What builds comes first: nothing outside the lock is fetched to build the few that have no wheel, nor for us.
    awk '/^setuptools==/ {on = 1} on {print; if (!/\\$/) exit}' "$2" >.setup/build.lock
    pip install --require-hashes --no-deps -r .setup/build.lock &&
        pip install --require-hashes --no-deps --no-build-isolation --use-pep517 -r "$2" &&
        pip install --no-deps --no-build-isolation --editable . ||
        fail "the packages of $2 could not be installed: see why at the end of $LOG, check pip's index and the network, and run this again."
    fingerprint "$2" >".setup/$1"
}

# --- a Chromium that starts and takes a picture --------------------------------------------------------------------

works() { # PATH
    [ -x "$1" ] || return 1
    bounded 90 "$PY" - "$1" >>"$LOG" 2>&1 <<'END' && printf '%s\n' "$1" >.setup/browser
import sys
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1], timeout=60_000)
    page = browser.new_page()
    page.set_content("<p>ready</p>")
    page.screenshot(timeout=20_000)
    browser.close()
END
}
present() { # the one that the program itself would take
    works "$("$PY" -c 'from archive.browser import find_browser; print(find_browser() or "")' 2>>"$LOG")"
}
download() {
    say "no Chromium found; trying Playwright's download, for a minute at most"
    PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=8000 bounded 60 "$PY" -m playwright install chromium-headless-shell >>"$LOG" 2>&1
}
find_browser() {
    if [ -n "${CITYMOD_BROWSER:-}" ]; then
        works "$CITYMOD_BROWSER" || fail "CITYMOD_BROWSER names $CITYMOD_BROWSER, which does not start (see $LOG): name another Chromium, or unset it."
        return
    fi
    present || { download && present; } || { apt_install chromium-headless-shell && present; } ||
        { apt_install chromium && present; } ||
        fail "no working Chromium could be had, which evidence needs (see $LOG): install Debian's chromium-headless-shell or chromium as root, or name one with CITYMOD_BROWSER=/path/to/chromium."
}
browser_known() {
    known=$(cat .setup/browser 2>/dev/null) && [ "$known" = "${CITYMOD_BROWSER:-$known}" ] && [ -x "$known" ]
}

# --- fonts: without them emoji and other scripts are archived as empty boxes ---------------------------------------

fonts_missing() {
    has fc-list || { echo 'fontconfig (fc-list)'; return; }
    [ -n "$(fc-list ':color=true:charset=1f600')" ] || printf 'colour emoji '
    for language in zh-cn ja ko ar hi; do
        [ -n "$(fc-list ":lang=$language")" ] || printf '%s ' "$language"
    done
}
find_fonts() {
    missing=$(fonts_missing)
    [ -z "$missing" ] || {
        say "no fonts for: $missing"
        apt_install fontconfig fonts-noto-color-emoji fonts-noto-cjk fonts-noto-core || :
        apt_install fonts-liberation2 || apt_install fonts-liberation || : # wished for, not needed; its name varies
        missing=$(fonts_missing)
    }
    [ -z "$missing" ] || fail "fonts are missing that comments need to be seen in ($missing): install fontconfig, fonts-noto-color-emoji, fonts-noto-cjk and fonts-noto-core with your package manager."
    touch .setup/fonts
}

# --- a PostgreSQL server: the tests start one of their own; the program needs none ---------------------------------

postgresql_there() {
    [ -n "${CITYMOD_POSTGRESQL:-}" ] && [ -x "$CITYMOD_POSTGRESQL/initdb" ] && return
    has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
find_postgresql() {
    postgresql_there || { apt_install postgresql && postgresql_there; } ||
        fail "no PostgreSQL server could be had, on which the tests run (see $LOG): install Debian's postgresql as root, or name the folder of its initdb with CITYMOD_POSTGRESQL=/path."
}
needs_postgresql() { [ "$lock" = requirements-dev.lock ] && ! postgresql_there; }
# --- OpenSSL's program: the stand-in time-stamping authority of demo and tests, and how outsiders check stamps --------

find_openssl() {
    has openssl || { apt_install openssl && has openssl; } ||
        fail "the program openssl is missing, with which time stamps are made for trials and checked: install openssl."
}

# --- the order: cheapest and most certain first --------------------------------------------------------------------

case "${1:-}" in
run) packages_known() { filled run requirements.lock || filled dev requirements-dev.lock; }; lock=requirements.lock ;;
dev) packages_known() { filled dev requirements-dev.lock; }; lock=requirements-dev.lock ;;
*) fail 'say which: sh setup.sh run, or sh setup.sh dev.' ;;
esac
if packages_known && browser_known && [ -f .setup/fonts ] && has openssl && ! needs_postgresql; then exit 0; fi
mkdir -p .setup
date >"$LOG"
packages_known || fill "$1" "$lock"
browser_known || find_browser
find_fonts
# Wished for, not needed: without it one test of the systemd unit is skipped, and says so.
[ "$1" = run ] || has systemd-analyze || apt_install systemd || :
! needs_postgresql || find_postgresql
find_openssl
say "ready: $("$PY" -V), Chromium: $(cat .setup/browser)"
