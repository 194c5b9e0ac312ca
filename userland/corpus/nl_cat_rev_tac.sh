# nl, cat -n, rev, tac, fold, expand, unexpand.
printf 'one\n\ntwo\tx\n' > f
cat f f; cat -n f; cat -b f; cat -A f; cat -e f; cat -v f; nl f; nl -b a f; nl -w 3 -s : f; nl -v 10 -i 5 f
rev f; tac f; printf 'a\nb' | tac; echo; expand f; expand -t 4 f; printf '        x\n' | unexpand | od -c | head -n 1
echo 'the quick brown fox jumps' | fold -w 10; echo 'the quick brown fox jumps' | fold -s -w 10; echo abc | cat - f | head -n 1
