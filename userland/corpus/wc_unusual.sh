# wc of long lines, no newline, NULs, many files.
printf 'a\0b\n' | wc; printf 'no newline' | wc; head -c 100000 /dev/zero | wc -L; printf '\t\n' | wc -L; seq 50 | sed 's/^/f/' | while read x; do echo $x > $x; done; wc -l f* | tail -n 1; wc -c f1 f22; wc < /dev/null; cat f* | wc -w; printf 'one  two\tthree\n\n' | wc -w; ls | wc -l; wc -lwc f1; yes ab | head -n 70000 | wc
