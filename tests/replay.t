#!/bin/sh
# Every fuzzer over its corpus, in the sanitizer build: a crash that was
# found once stays found.
set -eu

cd "$(dirname "$0")/.."
build=${FEEDMILL_TEST_BUILD:-build/asan}
n=0
for source in tests/fuzz/fuzz_*.c; do
	[ -e "$source" ] || continue
	n=$((n + 1))
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	corpus=tests/fuzz/corpus/$name
	if out=$("$build/tests/fuzz/replay_$name" "$corpus" 2>&1); then
		echo "ok $n - $name: $(echo "$out" | tail -n 1)"
	else
		echo "not ok $n - $name"
		echo "$out" | tail -n 40 | sed 's/^/# /'
	fi
done
[ "$n" -gt 0 ] || { echo "1..0 # SKIP no fuzzers"; exit 0; }
echo "1..$n"
