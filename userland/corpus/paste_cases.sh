# paste: several files, serial, delimiters, unequal lengths.
seq 3 > a; printf 'x\ny\n' > b
paste a b; paste -d, a b; paste -s a; paste -s -d+ a b; paste -d ':;' a b a; seq 6 | paste - - -; paste - < a; paste a nosuch 2>/dev/null; echo $?
