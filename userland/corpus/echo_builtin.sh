# echo: -n, -e, -E, escapes.
echo; echo a b  c; echo -n no newline; echo; echo -e 'a\tb\nc\\d'; echo -E 'a\tb'; echo 'a\tb'
echo -e '\x41\0101\e[0m\c never' | od -c; echo -ne 'x\n'; echo -nn y; echo
echo -- -; echo -x; echo - ; echo "-n" z; echo '-n x'; echo -e -n a; echo
