# Joining files side by side.
seq 3 > a; seq 4 6 > b; seq 7 8 > c; paste a b c; paste -d'|' a b c; paste -s a b; paste a - < b; paste -d '\n' a b; paste -d '\0' a b; cat a b | paste - - -; paste a a a a | awk '{print $1+$2+$3+$4}'; seq 12 | paste -d, - - - - | tail -n 1; paste /dev/null a; printf 'x' | paste - a
