#!/bin/sh
# Holds the code to src/LAYERS: a module includes only modules that stand on
# lines above its own, and a foreign library only where it has its home.
# Prints TAP, one test for each module.  LAYERS_ROOT: another tree.
set -eu

cd "${LAYERS_ROOT:-$(dirname "$0")/..}"

# file:line:included:quote, for all of src/ and include/feedmill/.
includes() {
	find src include/feedmill -name '*.[ch]' | sort | xargs grep -n \
	    '^[[:space:]]*#[[:space:]]*include' | sed -n \
	    's/^\([^:]*:[0-9]*\):[^"<]*\([<"]\)\([^>"]*\).*/\1:\3:\2/p'
}

judge() {
	awk -F: '
	function module(path) {
		sub(/^(src|include\/feedmill)\//, "", path)
		sub(/[\/_.].*/, "", path)
		return path
	}
	function wrong(why) {
		found[from] = found[from] "# " $1 ":" $2 ": <" $3 "> " why "\n"
	}
	function home(library, pattern) {
		if ($3 == library && $1 !~ pattern)
			wrong("is at home in " pattern " alone")
	}
	FILENAME == "src/LAYERS" {
		if ($0 ~ /^#/ || $0 ~ /^[ \t]*$/)
			next
		rank++
		n = split($0, names, /[ \t]+/)
		for (i = 1; i <= n; i++)
			if (names[i] != "") {
				level[names[i]] = rank
				order[++modules] = names[i]
			}
		next
	}
	{
		from = module($1)
		if (!(from in level)) {
			if (!(from in unknown))
				order[++modules] = from
			unknown[from] = 1
			found[from] = "# " $1 ": no such line in src/LAYERS\n"
			next
		}
		home("sqlite3.h", "^src/store/")
		home("curl/curl.h", "^src/(fetch/|base/url)")
		home("expat.h", "^src/parse/")
		if ($3 == "ev.h" && level[from] < level["schedule"])
			wrong("is for schedule and above")
		if ($3 ~ /^feedmill\//) {
			to = $3
			sub(/^feedmill\//, "", to)
		} else if ($4 == "\"") {
			# A private header: beside the file that includes it.
			to = $1
			sub(/[^\/]*$/, "", to)
			to = to $3
		} else
			next
		to = module(to)
		if (!(to in level))
			wrong("is of no module in src/LAYERS")
		else if (to != from && level[to] >= level[from])
			wrong("goes up or sideways: " from " -> " to)
	}
	END {
		print "1.." modules
		for (i = 1; i <= modules; i++) {
			m = order[i]
			printf "%sok %d - %s includes only from below\n",
			    (m in found) ? "not " : "", i, m
			if (m in found)
				printf "%s", found[m]
			bad += m in found
		}
		exit bad > 0
	}' src/LAYERS -
}

includes | judge
