# A hundred processes at once, all waited for.
for i in $(seq 100); do (sleep 0.1; echo $i > out.$i) & done
wait
cat out.* | sort -n | md5sum
ls out.* | wc -l
for r in 1 2 3 4 5; do for i in $(seq 20); do echo $i & done; wait; done | sort -n | uniq -c | awk '{print $1}' | sort -u
