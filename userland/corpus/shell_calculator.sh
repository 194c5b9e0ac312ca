# A recursive descent calculator in shell.
expr_() { term; while :; do case $in in +*) in=${in#?}; l=$v; st="$l $st"; term; set -- $st; st="${st#* }"; v=$(($1 + v));; -*) in=${in#?}; st="$v $st"; term; set -- $st; st="${st#* }"; v=$(($1 - v));; *) return;; esac; done; }
term() { fact; while :; do case $in in \**) in=${in#?}; st="$v $st"; fact; set -- $st; st="${st#* }"; v=$(($1 * v));; /*) in=${in#?}; st="$v $st"; fact; set -- $st; st="${st#* }"; v=$(($1 / v));; *) return;; esac; done; }
fact() { case $in in \(*) in=${in#?}; expr_; in=${in#?};; *) n=${in%%[!0-9]*}; in=${in#"$n"}; v=$n;; esac; }
for e in 1+2 2*3+4 '2*(3+4)' '(1+2)*(3+4)' 100/7/2 10-3-2 '((((5))))' '1+2*3-4/2'; do in=$e st=; expr_; echo "$e = $v"; done
