# Pipelines whose stages are compound commands.
seq 10 | while read x; do if [ $((x % 2)) = 0 ]; then echo "even $x"; else echo "odd $x"; fi; done | sort | { read first; echo "first: $first"; wc -l; }
for i in 1 2 3; do echo $i; done | case x in x) cat;; esac | (sed 's/^/>/'; echo end); { echo a; echo b; } | { read x; while read y; do echo "$x$y"; done; }
f() { while read x; do echo "[$x]"; done; }; printf '1\n2\n' | f | f; if seq 3 | grep -q 2; then echo found; fi; while seq 2 | grep -q 3; do :; done; ! seq 3 | grep -q 9 && echo absent
n=0; while read l; do n=$((n + l)); done <<EOF
$(seq 100)
EOF
echo $n; (echo x; exit 3) | cat; echo $?; cat <<EOF | while read a b; do echo "$b $a"; done
one two
three four
EOF
