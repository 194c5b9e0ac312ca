# tar | gzip | sha256sum of a fixed tree.
mkdir -p t/a/b; for i in 1 2 3 4 5 6 7 8 9; do seq $((i * 1000)) > t/a/f$i; done; ln -s f1 t/a/l; find t -exec touch -h -d @1234567890 {} +; chown -hR 0:0 t; chmod -R u=rwX,go=rX t
(cd t; tar cf - a/f1 a/f2 a/f3 a/f9 a/l) > x.tar; sha256sum < x.tar; gzip -n < x.tar 2>/dev/null | gunzip | sha256sum; gzip < x.tar | zcat | tar tf -
tar cf - t | gzip > y.tgz; gunzip -c y.tgz | tar xf - -O t/a/f9 | md5sum; mkdir o; tar xzf y.tgz -C o; (cd o; find . -type f | sort | xargs sha256sum | sha256sum); diff -r t o/t && echo equal
