# Positional parameters: shift, set --, $@, $*, ${10}, $#.
set -- a b c d e f g h i j k l
echo $# $1 ${10} ${12} $10; shift; echo $1 $#; shift 5; echo $1 $#
set --; echo $#; set -- 'x y' z; for i in "$@"; do echo "[$i]"; done; for i in $@; do echo "[$i]"; done
for i in "$*"; do echo "[$i]"; done; for i in x"$@"y; do echo "[$i]"; done
set -- "$@" last; echo $# "$3"
f() { echo $#; }; f "$@"; f "$*"; f $@; set --; f "$@"; f "$*"
eval "set -- $(echo a b)"; echo $2
