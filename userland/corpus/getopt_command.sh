# The getopt command.
getopt -o ab:c -- -a -b 'x y' file -c
getopt -o ab: -l long,arg: -- --long --arg=val -a rest
getopt -o a -- -z 2>/dev/null; echo $?
getopt -o a -l alpha -- --alp x
set -- -b one -a two; eval set -- $(getopt -o ab: -- "$@"); echo "$@"
