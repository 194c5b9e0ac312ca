# uniq on fields and with counts in reports.
printf '1 a x\n2 a y\n3 b x\n4 b x\n' > f; uniq -f 1 f; uniq -f 2 f; uniq -c -f 1 f; cut -d' ' -f2 f | uniq -c; cut -d' ' -f3 f | sort | uniq -c | sort -k1nr; uniq -d -f 1 f; uniq -u -f 1 f; printf 'a\n\n\nb\n' | uniq; printf 'x\nx' | uniq -c; uniq < /dev/null; printf 'aX\nbX\n' | uniq -s 1; yes | head -n 1000 | uniq -c | sed 's/^ *//'
