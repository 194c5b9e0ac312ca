# set -u and the expansions that survive it.
sh -uc 'echo $undefined; echo never' 2>&1 | sed 's/^.*: \(undef\)/\1/'
sh -uc 'echo ${undefined-default} ${undefined:-d2} ${undefined+x}end'
sh -uc 'x=; echo "[$x]"; echo $# $@ $*'
sh -uc 'echo ${x?message}; echo never' 2>&1 | sed 's/^.*: //'
sh -uc 'unset x; : ${x:=assigned}; echo $x'
sh -uc 'echo $1' 2>/dev/null; echo $?
