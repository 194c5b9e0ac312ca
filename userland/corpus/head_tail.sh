# head and tail in all their forms.
seq 20 > f
head f; head -n 3 f; head -3 f; head -c 5 f; head -n -17 f; tail f; tail -n 3 f; tail -3 f; tail -n +18 f; tail -c 6 f; tail -c +48 f
head -n 1 f f; tail -q -n 1 f f; head -n 0 f; tail -n 0 f; printf 'no newline' | tail -n 1; echo; head -v -n 1 f
seq 100000 | tail -n 2; seq 100000 | head -n 99999 | tail -n 1; head nosuch 2>/dev/null; echo $?
