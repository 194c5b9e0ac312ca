# getopts: options with and without arguments, errors, silent mode, OPTIND.
parse() {
	OPTIND=1
	while getopts ab:c o "$@" 2>/dev/null; do echo "$o [$OPTARG]"; done
	shift $((OPTIND-1)); echo "rest: $* ($OPTIND)"
}
parse -a -b x -c y z
parse -abx -- -c
parse -ac file -b no
parse -z
parse -b
silent() { OPTIND=1; while getopts :ab: o "$@"; do echo "$o [$OPTARG]"; done; }
silent -z; silent -b; silent -ab val
parse
OPTIND=1; set -- -a -a; getopts a o; getopts a o; getopts a o; echo "$? $o $OPTIND"
