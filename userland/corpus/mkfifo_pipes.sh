# FIFOs between processes.
mkfifo p; echo through > p & cat p; wait
(for i in 1 2 3; do echo $i; done) > p & while read x; do echo "got $x"; done < p; wait
mkfifo a b; (tr a-z A-Z < a > b) & echo hello > a & cat b; wait
mkfifo -m 600 m; stat -c %a m; ls -l m | cut -c1; mkfifo m 2>/dev/null; echo $?
seq 50000 > p & md5sum < p; wait
exec 3<> p; echo buffered >&3; read x <&3; echo $x; exec 3>&-
seq 30000 > big; (cat < p > copy) & tee p < big > /dev/null; wait; cmp copy big && echo equal
