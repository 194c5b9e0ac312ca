# Redirections around loops, functions and groups; descriptors beyond 2.
while read a; do echo "got $a"; done < /dev/null; echo "none"; for i in 1 2 3; do echo $i; done > f; while read a <&3; do read b <&4 && echo "$a$b"; done 3< f 4< f
{ echo out; echo err >&2; } 2>&1 | sort; exec 5> log; echo one >&5; (echo two >&5); exec 5>&-; cat log; exec 6< f; read x <&6; read y <&6; exec 6<&-; echo $x$y; f() { cat; } ; f < log; echo appended >> log; tail -n 1 log
exec 7<> rw; echo data >&7; exec 7>&-; cat rw; echo "a" 1>&2 2>/dev/null; (exec 1>&-; echo lost 2>/dev/null); echo "status $?"; cat 0< f; cat < f - < log | head -n 1; > a > b > c; ls a b c; echo both > d 2>&1; cat d; (echo x >&9) 2>/dev/null; echo $?
