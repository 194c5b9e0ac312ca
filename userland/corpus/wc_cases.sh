# wc: lines, words, characters, longest line, totals.
printf 'one two\nthree\n' > a; printf '' > b; printf 'no newline' > c
wc a; wc -l a; wc -w a; wc -c a; wc -L a; wc a b c; wc < a; cat a c | wc; wc -lc a; seq 100000 | wc; head -c 1000000 /dev/zero | wc -c
wc nosuch a 2>/dev/null; echo $?
