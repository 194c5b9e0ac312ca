# sed: substitution, addresses, deletion, printing.
seq 10 > n; printf 'the cat\nthe dog\na bird\n' > f
sed 's/the/a/' f; sed -n '2p' f; sed '2d' f; sed '$d' f; sed -n '2,$p' f; sed '/cat/d' f; sed '/cat/!d' f; sed -n '/cat/,/bird/p' f
sed 's/[aeiou]/<&>/g' f; sed 's/[aeiou]/X/2' f; sed 's/\(.*\) \(.*\)/\2 \1/' f; sed -E 's/(\w+) (\w+)/\2-\1/' f; sed 's,the,/,' f
sed -n '1~3p' n; sed -n '2,+2p' n; sed '0~4d' n | tr '\n' ' '; echo; sed -n '$=' n; sed 3q n; sed -n '3{p;q}' n
sed -e 's/a/1/' -e 's/b/2/' f; sed 's/CAT/x/I' f; sed -n 's/cat/dog/p' f; sed 'y/abc/xyz/' f; sed '5!s/$/./' n | tr '\n' ' '; echo
