# uniq: counts, repeated, unique, fields, characters.
printf 'a\na\nb\nc\nc\nc\na\n' > f
uniq f; uniq -c f; uniq -d f; uniq -u f; uniq -cd f; sort f | uniq -c | sort -rn
printf '1 a\n2 a\n3 b\n' | uniq -f 1; printf 'xa\nya\nzb\n' | uniq -s 1; printf 'abc\nabd\n' | uniq -w 2; printf 'A\na\n' | uniq -i
uniq f out; cat out
