# Tabs and blanks.
printf 'a\tb\t\tc\n\tx\n' > f; expand f; expand -t 4 f; expand -i f 2>/dev/null | od -c | head -n 2; printf '        a       b\n' | unexpand | od -c | head -n 1; printf '        a       b\n' | unexpand -a | od -c | head -n 1; printf '    a\n' | unexpand -t 4 | od -c | head -n 1; expand f | unexpand -a | cmp - f && echo round trip; printf '\t\n' | expand -t 3 | wc -c
