# truncate, fallocate and sparse files.
truncate -s 10000 f; stat -c '%s %b' f; truncate -s 5 f; stat -c %s f; truncate -s +5 f; stat -c %s f; truncate -c -s 5 nosuch; ls nosuch 2>/dev/null; truncate -s 1M f; stat -c %s f; printf abc > g; truncate -s 6 g; od -c g; truncate -s 1 g; cat g; echo
fallocate -l 8192 h; stat -c '%s %b' h; fallocate -o 8192 -l 4096 h; stat -c '%s %b' h; echo end >> f; tail -c 4 f; truncate -s x f 2>/dev/null; echo $?
