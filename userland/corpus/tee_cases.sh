# tee: several files, -a, closed readers.
echo one | tee a b; cat a b; echo two | tee -a a; cat a; seq 100000 | tee c | md5sum; md5sum < c; echo x | tee nodir/x 2>/dev/null; echo $?; yes | head -n 100000 | tee d | tail -n 1; wc -l < d; echo y | tee >/dev/null e; cat e; seq 3 | tee f | while read x; do echo "r$x"; done; cat f
