# printf: conversions, widths, escapes, repeated formats, errors.
printf '%s %s\n' a b c d
printf '%d %i %u\n' 42 -7 3; printf '%5d|%-5d|%05d|%+d\n' 42 42 42 42
printf '%x %X %o %#x %#o\n' 255 255 8 255 8
printf '%c%c%c\n' abc def g; printf '%s|%10s|%-10s|%.2s\n' str str str str
printf '%e %f %g\n' 1234.5 1234.5 0.0001; printf '%.3f %8.2f|%-8.1f|\n' 3.14159 2.5 2.5
printf '%%|%b|%s\n' 'a\tb\n' 'a\tb'
printf '\101\x42\t\\\a\n' | od -c | head -n 2
printf '%d %d %d\n' 0x10 010 "'A"
printf '%*d|%-*d|%.*f\n' 5 42 5 42 2 3.14159
printf 'no args %s|%d\n'
printf '%d\n' abc 2>/dev/null; echo $?
printf '%s\n' "-n" '--' ; printf -- '-x\n'
printf '%5s%%\n' 50
printf '%b' 'one\ntwo\c three' ; echo '|'
printf ''; echo $?
