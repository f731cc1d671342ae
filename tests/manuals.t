#!/bin/sh
# The manuals are well-formed mdoc, without a warning.
set -eu

cd "$(dirname "$0")/.."
n=0
for page in src/*.[158]; do
	[ -e "$page" ] || continue
	n=$((n + 1))
	if out=$(mandoc -T lint -W warning "$page" 2>&1); then
		echo "ok $n - $page"
	else
		echo "not ok $n - $page"
		echo "$out" | sed 's/^/# /'
	fi
done
[ "$n" -gt 0 ] || { echo "1..0 # SKIP no manuals"; exit 0; }
echo "1..$n"
