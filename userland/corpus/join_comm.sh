# comm of sorted files, and a join made of awk.
printf 'a\nb\nc\n' > x; printf 'b\nc\nd\n' > y
comm x y; comm -12 x y; comm -3 x y; comm -23 x y; comm -13 x y; comm x x; comm x /dev/null
printf '1 one\n2 two\n3 three\n' > l; printf '1 eins\n3 drei\n4 vier\n' > r
awk 'NR == FNR { a[$1] = $2; next } $1 in a { print $1, a[$1], $2 }' l r
