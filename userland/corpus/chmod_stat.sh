# chmod in octal and symbols, stat formats, umask.
touch f; mkdir d
for m in 644 755 u+x go-r a=r u=rwx,g=rx,o= +x -w 4755 2755 1777 u+s g+s +t 0 ug+rw,o+X a-x,u+X; do chmod $m f; stat -c "%a %A $m" f; done
for m in 755 +t g+s a-x u=rwX,go=rX; do chmod $m d; stat -c "%a %A $m" d; done
umask; umask 077; touch g; stat -c %a g; umask 022; umask -S; touch h; stat -c %a h; mkdir -m 700 m; stat -c %a m; mkdir -p -m 750 x/y; stat -c %a x/y
chmod -R 700 x; stat -c '%a %n' x x/y; chmod 999 f 2>/dev/null; echo $?; chmod 644 nosuch 2>/dev/null; echo $?; echo 12345 > s; stat -c '%s %F %h %u %g' s; stat -c %F d /dev/null; ln -s s l; stat -c %F l; stat -L -c %F l; touch -d @1000000000 s; TZ=UTC stat -c '%Y %y' s; stat -t s | wc -w; stat nosuch 2>/dev/null; echo $?
