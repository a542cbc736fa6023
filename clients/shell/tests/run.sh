#!/bin/sh
# Runs the suite in every POSIX shell that is there. Needs python3, to read the vectors and to listen.
set -eu
cd "$(dirname "$0")"
ran=
for shell in dash bash busybox ksh zsh; do
    command -v "$shell" >/dev/null 2>&1 || continue
    [ "$shell" != busybox ] || shell='busybox sh'
    python3 suite.py $shell
    ran="$ran $shell"
done
[ -n "$ran" ] || { echo "there is no shell to test in" >&2; exit 1; }
echo "passed in:$ran"
