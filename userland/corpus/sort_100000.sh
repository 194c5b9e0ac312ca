# sort of 100,000 lines, in several orders.
awk 'BEGIN { x = 12345; for (i = 0; i < 100000; i++) { x = (x * 1103515245 + 12345) % 2147483648; print x } }' > numbers
wc -l < numbers; md5sum < numbers
sort numbers | md5sum
sort -n numbers > sorted; md5sum < sorted
sort -nc sorted && echo ordered; sort -nc numbers 2>/dev/null || echo unordered
sort -rn sorted | head -n 3; sort -nu sorted | wc -l
