# find -exec, -delete, -quit, -ok-free.
mkdir -p t/s; for i in 1 2 3 4 5; do echo $i > t/f$i; done
find t -type f -exec cat {} \; | sort; find t -type f -exec echo {} + | tr ' ' '\n' | sort; find t -name f1 -exec rm {} \; ; ls t
find t -type f -exec sh -c 'echo "$1" | tr a-z A-Z' _ {} \; | sort; find t -name 'f[23]' -delete; ls t; find t -type f -exec false {} \; -print; find t -type f -exec true {} \; -print | sort
find t -depth | sort -r | head -n 2; find t -name f4 -print -quit; find t -type f -exec grep -l 5 {} +; mkdir -p big; (cd big; seq 500 | xargs touch); find big -type f | wc -l; find big -name '*7*' | wc -l; find big -type f -delete; ls big | wc -l
