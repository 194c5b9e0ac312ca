# Comparing trees.
mkdir -p a/x b/x; echo same > a/1; echo same > b/1; echo left > a/2; echo right > b/2; echo l > a/only; echo r > b/x/only; diff -rq a b; diff -r a b | grep '^[<>]'; diff -rN a b | grep -c '^[<>]'; diff -r a a; echo $?; diff -rqN a b; diff a b 2>/dev/null | head -n 2; diff -ru a b | grep -c '^@@'; rm b/x/only a/only; echo left > b/2; diff -r a b; echo $?
