#!/bin/sh
# run.sh BUILD SECONDS - every fuzzer of BUILD in turn, from its corpus.
# New inputs go to BUILD/corpus, crashes to BUILD/crashes; says where.
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
	echo "fuzzing $name for $seconds s"
	"$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" \
	    -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix="$build/crashes/$name-" $dict \
	    "$build/corpus/$name" || failed="$failed $name"
done
[ -z "$failed" ] || {
	echo "failed:$failed; see $build/crashes" >&2
	exit 1
}
