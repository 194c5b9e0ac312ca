# Tricks without arrays: lists, stacks, maps, reversing, padding.
push() { stack="$1 $stack"; }; pop() { set -- $stack; top=$1; shift; stack="$*"; }; push 1; push 2; push 3; pop; echo $top; pop; echo $top; echo "[$stack]"
put() { eval "map_$1=\$2"; }; get() { eval "echo \$map_$1"; }; put a 'x y'; put b 2; get a; get b; get c
rev() { s=$1; r=; while [ -n "$s" ]; do r=${s%"${s#?}"}$r; s=${s#?}; done; echo $r; }; rev abcdef; rev a; rep() { n=$2; r=; while [ $((n=n-1)) -ge 0 ]; do r=$r$1; done; echo "$r"; }; rep ab 5; rep x 0
split() { IFS=$2; set -f; set -- $1; unset IFS; set +f; echo $#; for i; do echo "<$i>"; done; }; split 'a,b,,c' ,; case " a b c " in *" b "*) echo member;; esac; upper() { echo "$1" | tr a-z A-Z; }; upper hello; x=00123; x=${x#"${x%%[!0]*}"}; echo $x; p=/a/b/c.d; d=${p%/*} b=${p##*/}; echo $d $b ${b%.*} ${b##*.}
