# ln, readlink, realpath, dirname, basename.
mkdir -p d/e; echo x > d/f; ln d/f h; [ h -ef d/f ] && stat -c %h h; ln -s d/f s; readlink s; cat s; ln -s d sd; ls sd; readlink -f sd/../s | sed 's,.*/cwd/,,'; realpath s | sed 's,.*/cwd/,,'; realpath . | sed 's,.*/,,'
ln -s nosuch dang; readlink dang; readlink -f dang | sed 's,.*/,,'; realpath dang 2>/dev/null | sed 's,.*/,,'; cat dang 2>/dev/null; echo $?; ln -s x s 2>/dev/null; echo $?; ln -sf d/e s; readlink s; ln -sfn d sd; readlink sd; readlink h; echo $?; ln d hd 2>/dev/null; echo $?
for i in /a/b/c a a/b / /a a/; do dirname $i; done; basename /a/b/c; basename /a/b/c.txt .txt; basename a/ ; basename / ; basename -a x/1 y/2 2>/dev/null; ln -s loop loop; cat loop 2>/dev/null; echo $?; readlink loop; realpath nosuch/x 2>/dev/null; echo $?
