# shuf: everything once, counts.
seq 100 > f; shuf f | sort -n | cmp - f && echo permutation; shuf -n 5 f | wc -l; shuf -i 1-50 | sort -n | tail -n 1; shuf -e a b c | sort | tr -d '\n'; echo; shuf -n 0 f | wc -l; shuf /dev/null | wc -l; shuf -i 5-5; seq 50000 | shuf | sort -n | md5sum; seq 50000 | md5sum; shuf -n 200 f | wc -l
