# Deep recursion of a function, and of command substitutions.
d() { [ $1 -eq 0 ] && { echo bottom; return; }; d $(($1-1)); }
d 500
c() { [ $1 -eq 0 ] && echo end || echo "$(c $(($1-1)))."; }
c 20
fib() { [ $1 -lt 2 ] && r=$1 || { fib $(($1-1)); set -- $1 $r; fib $(($1-2)); r=$(($2+r)); }; }
fib 12; echo $r
ack() { if [ $1 = 0 ]; then r=$(($2+1)); elif [ $2 = 0 ]; then ack $(($1-1)) 1; else set -- $1 $2; ack $1 $(($2-1)); ack $(($1-1)) $r; fi; }
ack 2 3; echo $r
