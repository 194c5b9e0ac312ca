# sort of 100,000 lines, in several orders. Comparing numbers costs this busybox ten times as much as comparing text.
awk 'BEGIN { x = 12345; for (i = 0; i < 100000; i++) { x = (x * 1103515245 + 12345) % 2147483648; print x } }' > numbers
wc -l < numbers; md5sum < numbers
sort numbers > sorted; md5sum < sorted; sort -c sorted && echo ordered; sort -c numbers 2>/dev/null || echo unordered
sort -r numbers | head -n 3; sort -u numbers | wc -l
head -n 10000 numbers | sort -n > few; md5sum < few; sort -nc few && echo ordered; sort -rnu few | wc -l
