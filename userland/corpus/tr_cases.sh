# tr: sets, ranges, classes, delete, squeeze, complement.
echo hello | tr a-z A-Z; echo hello | tr -d l; echo aabbcc | tr -s a-c; echo hello | tr -c a-z '\n'; echo 'a b  c' | tr -s ' ' '\n'
echo abc123 | tr -d '[:alpha:]'; echo abc123 | tr '[:lower:]' '[:upper:]'; echo abc | tr abc xy; printf 'a\tb\n' | tr '\t' ' '
echo hello | tr -dc 'a-m\n'; echo aaa | tr -s a b; echo '[x]' | tr '[]' '()'; printf 'a\0b\n' | tr '\0' _; echo abc | tr a-c '\101-\103'
seq 3 | tr '\n' ,; echo; echo 'x-y' | tr - _; echo abc | tr -t abc x 2>/dev/null || echo no -t
