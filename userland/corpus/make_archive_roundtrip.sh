# The same tree through tar, cpio and gzip, compared at the end.
mkdir -p t/a/b/c; for i in 1 2 3; do seq $((i*100)) > t/a/f$i; done; echo x > t/a/b/x; ln -s ../f1 t/a/b/l; touch t/a/b/c/empty; chmod 640 t/a/f2
tar cf - t | (mkdir o1; cd o1; tar xf -); find t | cpio -o -H newc 2>/dev/null | (mkdir o2; cd o2; cpio -id 2>/dev/null); tar czf - t | (mkdir o3; cd o3; tar xzf -); tar cf - t | bzip2 | (mkdir o4; cd o4; bunzip2 | tar xf -)
for o in o1 o2 o3 o4; do diff -r t $o/t && stat -c '%a' $o/t/a/f2 && readlink $o/t/a/b/l; done; (cd t && find . -type f -exec md5sum {} + | sort -k2) > sums; for o in o1 o2 o3 o4; do (cd $o/t && md5sum -c ../../sums | grep -c OK); done
