# sed: hold space, branches, n N D P, a i c, files, in place.
seq 6 > n
sed -n '1!G;h;$p' n | tr '\n' ' '; echo; sed 'N;s/\n/,/' n; sed '$!N;P;D' n; sed -n 'n;p' n; sed ':a;N;$!ba;s/\n/+/g' n
sed '2a\after two' n; sed '2i\before two' n; sed '2c\changed' n; sed '2,4c\block' n; sed -n 'x;p' n
sed ':x;s/^\(.\{1,4\}\)$/_\1/;tx' n; echo 'aaa' | sed 's/a/b/;ta;s/^/no/;b;:a;s/$/yes/'
sed -n '/2/w out' n; cat out; echo file > r; sed '3r r' n; sed '=' r; sed -n l r; sed 's/[13]/X/w changes' n > /dev/null; cat changes
sed -i 's/1/one/' n; cat n; sed -i.bak '1d' n; wc -l < n; wc -l < n.bak; printf 's/2/two/\n/3/d\n' > script; sed -f script n
printf 'a\nb\n' | sed 's/x*/-/g'; echo abc | sed 's/b/\n/'; echo 'a.b' | sed 's/\./\\&/'; sed --posix p /dev/null 2>/dev/null; echo x | sed 'p;p' | wc -l
