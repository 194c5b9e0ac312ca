# awk: getline, pipes, output files, close, system, ENVIRON.
seq 3 > f
awk 'BEGIN {while ((getline l < "f") > 0) print "line", l; close("f"); getline < "f"; print $0}'
awk 'BEGIN {"echo cmd" | getline x; print x; while (("seq 2" | getline y) > 0) print y}'
awk '{print > ("out" NR)} END {close("out1"); system("cat out1 out2 out3")}' f
awk '{print | "sort -r"} END {close("sort -r"); print "after"}' f; awk 'BEGIN {r=system("exit 3"); print r}'; V=env awk 'BEGIN {print ENVIRON["V"]}'
awk 'NR==1 {getline; print "next", $0}' f; awk '{print FILENAME, FNR, NR}' f f; awk 'BEGIN {printf "no newline"}'; echo; awk '{print; next; print "never"}' f | wc -l
awk 'BEGIN {print "err" > "/dev/stderr"}' 2>&1; echo 'BEGIN {print "from file"}' > p.awk; awk -f p.awk; awk 'BEGIN {print length(), NF}' < /dev/null; awk '{print x $0}' x=A f x=B f | tr '\n' ' '; echo
awk 'BEGIN {if ((getline l < "nosuch") < 0) print "missing"}'; awk 'BEGIN { print "a\tb\\n\"q\"\/" }'
