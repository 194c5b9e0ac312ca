# cmp: equal, different, shorter, -s, -l.
echo abc > a; echo abd > b; echo abcd > c; cmp a a; echo $?; cmp a b; echo $?; cmp -s a b; echo $?; cmp -l a b; cmp a c; cmp -l a c; cmp a nosuch 2>/dev/null; echo $?; printf ab > d; cmp a d 2>&1; cmp - a < a && echo same; head -c 100000 /dev/zero > z; (cat z; echo) > y; cmp z y 2>&1; cmp -n 3 a c 2>/dev/null; echo $?
