# diff in its formats, patch forwards and backwards.
seq 10 > a; sed -e 3d -e 's/^7$/seven/' -e '9a\nine and a half' a > b; touch -d @0 a b
diff a b | tail -n +4; echo $?; diff -q a b; diff a a; echo $?; diff -u a b | tail -n +3; diff -U 1 a b | tail -n +3; diff -b a b > /dev/null; echo $?; diff -u a b > p; cp a c; patch c p; cmp b c && echo same; patch -R c < p; cmp a c && echo same
mkdir x y; echo 1 > x/1; echo 2 > y/1; echo only > x/2; diff -rq x y; diff -r x y | grep -v '^diff\|^Only'; printf 'a b\n' > s; printf 'a  b\n' > t; diff -b s t && echo blank; diff -w s t && echo white; diff -i s t >/dev/null; echo $?; printf 'no nl' > n; diff s n; diff a nosuch 2>/dev/null; echo $?; printf 'A B\n' > u; diff -i s u && echo case
cat p | (cd x; cp ../a .; patch -p0 a) ; cmp x/a b && echo patched; echo garbage > g; patch a g 2>/dev/null; echo $?; diff -B s n >/dev/null; echo $?
