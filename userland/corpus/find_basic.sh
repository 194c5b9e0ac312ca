# find: names, types, depth, sizes, times, permissions, operators.
mkdir -p t/a/b/c t/d; touch t/1.txt t/a/2.TXT t/a/b/3.c t/.hid; ln -s 1.txt t/link; head -c 5000 /dev/zero > t/d/big; mkfifo t/fifo; chmod 600 t/1.txt; chmod 4755 t/a/b/3.c
find t | sort; find t -type f | sort; find t -type d | sort; find t -type l; find t -type p; find t -name '*.txt'; find t -iname '*.txt' | sort; find t -path '*b*' | sort
find t -maxdepth 1 | sort; find t -mindepth 2 | sort; find t -size +1k -type f; find t -size 5000c; find t -empty | sort; find t -perm 600 -type f; find t -perm -4000; find t ! -type d ! -name '.*' | sort
find t -name a -prune -o -type f -print | sort; find t \( -name '*.c' -o -name big \) | sort; find t -type f -newer t/1.txt 2>/dev/null | wc -l >/dev/null
touch -d '2001-01-01' t/old; find t -mtime +1000; find t -newer t/old -type f | wc -l; find t -user 0 -type l; find nosuch 2>/dev/null; echo $?
find t -type f -print0 | tr '\0' '\n' | sort; find t -links 2 -type d 2>/dev/null | sort; find -L t -type f -name link; find t -inum $(stat -c %i t/d/big); find t -regex '.*/[0-9]\..*' | sort
