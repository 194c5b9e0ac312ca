# eval, exec, ., command, builtin order.
x='echo evaluated'; eval $x; eval "y=5; echo \$y"
n=1; eval v$n=indirect; eval echo \$v$n
eval 'false'; echo $?
(exec echo replaced; echo never)
(exec 2>/dev/null; exec nosuch); echo $?
echo 'sourced=yes; echo "args $1 $#"; return 3' > lib.sh
. ./lib.sh one two; echo "$? $sourced"
(. ./nosuch.sh; echo never) 2>/dev/null; echo $?
command echo via command
echo() { printf 'function\n'; }; echo x; command echo x; unset -f echo
alias hi='echo alias'; alias hi; unalias hi; alias hi 2>/dev/null; echo $?
: ignored arguments; echo $?
times | wc -l
