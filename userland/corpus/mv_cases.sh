# mv: rename, into directories, over files, refusal.
mkdir d e; echo a > a; echo b > b; mv a c; ls; cat c; mv c b; cat b; mv b d; ls d; mv d e; ls e; mv nosuch x 2>/dev/null; echo $?; mv e/d .; ls; touch x y; mv x y d; ls d
mkdir -p full/sub other/full; mv full other 2>/dev/null; echo $?; touch t; mv -n t d/x; ls t d; echo new > n; echo old > o; mv -f n o; cat o; ln -s o l; mv l m; [ -L m ] && echo link; mv o o 2>/dev/null; echo $?; mv d d/inside 2>/dev/null; echo $?
