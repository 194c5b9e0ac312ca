# touch -d, -t, -r, -a, -m, -c; and date on files.
export TZ=UTC
touch -d '2010-01-02 03:04:05' a; stat -c '%x %y' a; touch -t 200102030405.06 b; stat -c %Y b; touch -r a b; stat -c %Y b; touch -c nosuch; ls nosuch 2>/dev/null; touch -d @5 c; stat -c '%X %Y' c; touch -a -d @100 c; stat -c '%X %Y' c; touch -m -d @200 c; stat -c '%X %Y' c
date -r a '+%Y-%m-%d'; touch -d '1999-12-31 23:59:59' y2k; touch -d '2000-01-01' m; [ m -nt y2k ] && echo newer; touch x y z; ls x y z; touch 2>/dev/null; echo $?; touch nodir/x 2>/dev/null; echo $?
