# feedmill.fish - completion for feedmill(8), in fish 3 or later.
#
# Nothing is listed here: verbs, options and their values come from the help
# of the program itself, sources from the configuration that is meant.

# The program with the configuration that is meant, then its verb: one a line.
function __feedmill_words
	set -l words (commandline -opc)
	set -l program $words[1]
	set -l verb
	set -l i 2
	while test $i -le (count $words)
		switch $words[$i]
			case -c --config --state
				set -a program $words[$i] $words[(math $i + 1)]
				set i (math $i + 1)
			case '-*'
			case '*'
				test -n "$verb"; or set verb $words[$i]
		end
		set i (math $i + 1)
	end
	echo $verb
	printf '%s\n' $program
end

function __feedmill_sources
	$argv feeds --format json 2>/dev/null |
		string replace -rf '^ *"name": "([^"\\\\]*)",$' '$1'
end

# What an option takes: "text|json", "FILE"; nothing if it is a switch.
function __feedmill_operand -a option
	string match -r '^-' -- $option >/dev/null; or return
	$argv[2..-1] --help 2>/dev/null | string match -r \
		'^  (?:-., |    )?(?=.*'$option'(?: |,))(?:-., )?--[a-z-]+ ([^ ]+) ' |
		string match -rv '^ '
end

function __feedmill_complete
	set -l words (__feedmill_words)
	set -l verb $words[1]
	set -l program $words[2..-1]
	set -l before (commandline -opc)[-1]
	set -l now (commandline -ct)
	set -l operand (__feedmill_operand $before $program[1] $verb)
	switch "$operand"
		case '*|*'
			string split '|' $operand
			return
		case SOURCE
			__feedmill_sources $program
			return
		case '?*'
			__fish_complete_path $now
			return
	end
	if string match -q -- '-*' $now
		$program[1] $verb --help 2>/dev/null | string replace -rf \
			'^  (?:-., |    )(--[a-z-]+)(?: [^ ]+)? +(.*)$' '$1\t$2'
	else if test -z "$verb"; or test "$verb" = help
		$program[1] help 2>/dev/null |
			string replace -rf '^  ([a-z]+) +(.*)$' '$1\t$2'
	else if test "$verb" = db; and test "$before" = db
		$program[1] db --help 2>/dev/null |
			string replace -rf '^.*: ([a-z]+\|[a-z|]*)$' '$1' |
			string split '|'
	else if contains -- $verb fetch status
		__feedmill_sources $program
	else
		__fish_complete_path $now
	end
end

complete -c feedmill -f -a '(__feedmill_complete)'
