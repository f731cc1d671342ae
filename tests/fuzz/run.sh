#!/bin/sh
# run.sh BUILD SECONDS - every fuzzer of BUILD in turn, from its corpus.
# New inputs go to BUILD/corpus, what they say to BUILD/NAME.log, inputs that
# crash to BUILD/crashes.
set -eu

build=$1
seconds=$2
here=$(dirname "$0")
failed=
mkdir -p "$build/crashes"
for source in "$here"/fuzz_*.c; do
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	mkdir -p "$build/corpus/$name"
	[ ! -d "$here/corpus/$name" ] ||
	    cp -R "$here/corpus/$name/." "$build/corpus/$name/"
	dict=
	[ ! -e "$here/$name.dict" ] || dict=-dict=$here/$name.dict
	log=$build/$name.log
	printf '%-12s ' "$name"
	if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" \
	    -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
	    -artifact_prefix="$build/crashes/$name-" $dict \
	    "$build/corpus/$name" >"$log" 2>&1; then
		sed -n 's/^stat::number_of_executed_units: */runs: /p' "$log"
	else
		failed="$failed $name"
		echo "failed"
		tail -n 40 "$log"
	fi
done
[ -z "$failed" ] || {
	echo "failed:$failed; see $build/crashes" >&2
	exit 1
}
