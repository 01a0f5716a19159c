#!/bin/sh
# Runs the tests: everything that this machine allows, and says what was left out. Usage: gate.sh VENV/bin [soak]
# As root on Debian it first installs what the end-to-end tests need and prepares the Asterisk chroot.
set -eu
bin=$1
tier=${2:-gate}
packages="debootstrap sip-tester espeak-ng flite sox postgresql chromium"
left_out=""

if [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ]; then
    missing=""
    for package in $packages; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    if [ -n "$missing" ]; then
        echo "installing:$missing"
        apt-get update -qq
        # shellcheck disable=SC2086
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    fi
    "$bin/python" -m tests.end_to_end.pbx.chroot
else
    left_out="the tests against a real Asterisk (they need root on Debian)"
    if [ "${CI:-}" = true ]; then
        echo "CI must not leave out $left_out" >&2
        exit 1
    fi
fi

if [ "$tier" = soak ]; then
    selection="soak"
elif [ -n "$left_out" ]; then
    selection="not soak and not real_asterisk"
else
    selection="not soak"
fi
status=0
"$bin/python" -m pytest -m "$selection" || status=$?
if [ -n "$left_out" ]; then
    echo "left out: $left_out"
fi
exit "$status"
