# ${x#}, ${x##}, ${x%}, ${x%%} with patterns.
p=/usr/local/lib/file.tar.gz
echo ${p#/} ${p#*/} ${p##*/} ${p%.*} ${p%%.*} ${p%/*} ${p%%/*}
x=aaabbbccc
echo ${x#a} ${x#a*b} ${x##a*b} ${x%c*} ${x%%c*} ${x#[ab]} ${x##[!c]*} ${x%?} ${x#??}
y='a*b?c'
echo "${y#a\*}" "${y#'a*'}" "${y%'?c'}" "${y#"a*"}"
pat='*b'; echo "${y#$pat}" "${y#"$pat"}"
empty=; echo "[${empty#a}][${empty%a}]"
echo "${x#nomatch}" "${x%nomatch}"
set -- one.c two.c; echo "${1%.c}.o" "${2%.c}.o"
