# Pagers without a terminal pass their input on.
seq 5 | more; seq 5 | less; seq 3 > f; more f; less f; cat f | head -n 1; less nosuch 2>/dev/null; echo $?
