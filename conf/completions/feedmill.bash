# feedmill.bash - completion for feedmill(8), in bash 4 or later.
#
# Nothing is listed here: verbs, options and their values come from the help
# of the program itself, sources from the configuration that is meant.

# The words before the one that is completed: which program, with which
# configuration, and which verb.
_feedmill_read_words() {
	local i word
	program=(${COMP_WORDS[0]}) verb=
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-c | --config | --state)
			program+=("$word" "${COMP_WORDS[++i]/#\~/$HOME}")
			;;
		-*) ;;
		*)
			[[ -n $verb ]] || verb=$word
			;;
		esac
	done
}

# What the option of the verb takes: "text|json", "FILE"; nothing if it is a
# switch, or none of ours.
_feedmill_operand() {
	"${program[0]}" $verb --help 2>/dev/null | while read -r line; do
		[[ $line == -* ]] || continue
		set -f -- $line
		[[ $1 != -?, ]] || { [[ ${1%,} != "$option" ]] || option=$2
			shift; }
		if [[ $1 == "$option" && ${line#*"$1" } != \ * ]]; then
			echo "$2"
			break
		fi
	done
}

_feedmill_options() {
	"${program[0]}" $verb --help 2>/dev/null |
	    sed -n 's/^  \(-., \|    \)\(--[a-z-]*\).*/\2/p'
}

_feedmill_verbs() {
	"${program[0]}" help 2>/dev/null |
	    sed -n '/^verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# "look after it: this|that" is what the verb can be told to do.
_feedmill_actions() {
	"${program[0]}" $verb --help 2>/dev/null |
	    sed -n '2s/^.*: \([a-z|]*\)$/\1/p' | tr '|' '\n'
}

# A name to a line; the few that need quoting in JSON are left out.
_feedmill_sources() {
	"${program[@]}" feeds --format json 2>/dev/null |
	    sed -n 's/^ *"name": "\([^"\\]*\)",$/\1/p'
}

_feedmill_reply() {
	local IFS=$'\n' name
	COMPREPLY=()
	for name in $(compgen -W "$1" -- "$current"); do
		COMPREPLY+=("$(printf '%q' "$name")")
	done
}

_feedmill() {
	local current=${COMP_WORDS[COMP_CWORD]} option operand verb
	local -a program
	COMPREPLY=()
	_feedmill_read_words
	option=${COMP_WORDS[COMP_CWORD - 1]}
	operand=
	[[ $option != -* ]] || operand=$(_feedmill_operand)
	case $operand in
	*'|'*) _feedmill_reply "${operand//|/$'\n'}" ;;
	SOURCE) _feedmill_reply "$(_feedmill_sources)" ;;
	?*) ;;			# readline completes files
	*)
		case $current,$verb in
		-*) _feedmill_reply "$(_feedmill_options)" ;;
		*, | *,help) _feedmill_reply "$(_feedmill_verbs)" ;;
		*,db)
			[[ $option != db ]] ||
			    _feedmill_reply "$(_feedmill_actions)"
			;;
		*,fetch | *,status) _feedmill_reply "$(_feedmill_sources)" ;;
		esac
		;;
	esac
}

complete -o default -F _feedmill feedmill
