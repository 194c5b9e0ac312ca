# Regular expressions, extended and basic.
t() { echo "$2" | grep -E "$1" >/dev/null && echo "match  $1  $2" || echo "no     $1  $2"; }
t 'a|b' b; t '^(ab)+$' abab; t '^(ab)+$' aba; t 'a{2,3}' aa; t '^a{2,3}$' aaaa; t '[0-9]+\.[0-9]*' 3.; t '(a)(b)\2\1' abba; t '^$' ''; t 'a?b' b; t 'x*' ''
t '[^abc]' abc; t '[]x]' ']'; t '[a-]' -; t '\.' x; t '(^a|b$)' xb; t '^[[:space:]]+$' '  '; t '\bword\b' 'a word'; t 'a.c' 'a
c'; t '\w\W\w' 'a b'
b() { echo "$2" | grep "$1" >/dev/null && echo "match  $1  $2" || echo "no     $1  $2"; }
b 'a\|b' b; b 'a\{2\}' aa; b 'a+' 'a+'; b '\(x\)\1' xx; b 'a*' b; b '^*' '*'; b '[[:alpha:]_][[:alnum:]_]*' _x1; b 'a\?b' b
