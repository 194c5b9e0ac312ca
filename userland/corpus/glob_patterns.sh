# Pathname expansion.
mkdir d; touch a.c b.c c.h .hidden abc a1 a2 a10 'sp ace' d/x.c d/y.h '[b]'
echo *.c; echo a?; echo a[0-9]; echo [!a]*; echo [a-b].c; echo *; echo .*h*
echo d/*; echo */*.c; echo nomatch*; echo "*.c" '*.c' \*.c
echo [[:lower:]].?; echo a[[:digit:]]*; echo '[b]' \[b\] [[]b*
for f in *.c; do echo "file $f"; done
echo *' '*
set -f; echo *.c; set +f
x='*.c'; echo $x "$x"; y="a*"; echo $y
case a.c in *.h) echo h;; *.c) echo c;; esac
rm abc a?; echo *
