# for, while, until, break, continue with levels.
for i in 1 2 3; do echo -n "$i "; done; echo
for i; do echo never; done
set -- a 'b c' d; for i; do echo "[$i]"; done
for i in; do echo never; done; echo "empty $?"
n=0; while [ $n -lt 3 ]; do echo -n $n; n=$((n+1)); done; echo
n=3; until [ $n -eq 0 ]; do echo -n $n; n=$((n-1)); done; echo
for i in 1 2 3; do for j in 1 2 3; do [ $j = 2 ] && continue 2; [ $i = 3 ] && break 2; echo "$i$j"; done; done
while :; do while :; do break 2; done; echo never; done; echo out
for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done
for f in $(seq 3); do echo f$f; done > loop.out; cat loop.out
seq 3 | while read x; do echo "read $x"; done
for i in 1 2 3; do echo $i; done | tac
while read a b; do echo "$b $a"; done <<EOF
1 one
2 two three
EOF
