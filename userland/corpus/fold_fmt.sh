# fold of long lines, by bytes and at blanks.
seq 30 | tr '\n' ' ' | fold -w 20; echo; seq 30 | tr '\n' ' ' | fold -s -w 20; echo; head -c 200 /dev/zero | tr '\0' x | fold -w 60; echo; printf 'a\tb\tc\n' | fold -w 10; printf 'short\n' | fold -w 80; printf 'abc' | fold -w 1; echo
