# cpio: create, list, extract, pass-through.
mkdir -p t/d; echo one > t/1; echo two > t/d/2; ln -s 1 t/l; ln t/1 t/hard; chmod 750 t/d; mkfifo t/p
find t | sort | cpio -o -H newc 2>/dev/null > a.cpio; cpio -t < a.cpio 2>/dev/null; mkdir x; (cd x; cpio -idm < ../a.cpio 2>/dev/null; find t | sort; cat t/1 t/d/2; readlink t/l; stat -c '%a %n' t/d; [ -p t/p ] && echo fifo; [ t/1 -ef t/hard ] && echo hard)
cpio -it t/1 < a.cpio 2>/dev/null; mkdir y; find t -type f | sort | cpio -pd y 2>/dev/null; find y -type f | sort; cat a.cpio | cpio -t 2>&1 | tail -n 1; echo garbage | cpio -t >/dev/null 2>&1; echo $?
