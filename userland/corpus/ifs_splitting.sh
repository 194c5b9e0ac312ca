# IFS: white space and other characters, empty fields, "$*".
show() { printf '%d:' $#; printf '[%s]' "$@"; echo; }
x='a b	c
d'; show $x
IFS=:; x='a:b::c:'; show $x; show "$x"
x=':a'; show $x
IFS=' :'; x='a : b:c  d'; show $x
IFS=; x='a b'; show $x
IFS=,; set -- 1 2 3; show "$*" $*; y="$*"; echo $y
unset IFS; x='  a  b '; show $x; show "$*"
IFS=x; show $(echo 1x2x3)
IFS=; set -- 'a b' c; show $@ ; show $*
unset IFS
IFS=: read a b c <<EOF
1:2:3:4
EOF
echo "$a|$b|$c"
