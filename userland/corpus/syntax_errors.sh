# Broken scripts: message on stderr, status 2, nothing executed beyond.
for s in 'if' 'echo a; )' 'for i in 1; do echo $i' 'case x in' 'echo "open' '{ echo a' 'f() {' '&& x' 'echo a; ;; b' 'while do done'; do
	sh -c "$s" >out 2>err; echo "$? $(cat out | tr '\n' ' ')$([ -s err ] && echo message)"
done
