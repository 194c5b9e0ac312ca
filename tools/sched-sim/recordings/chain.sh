# A chain of small filters that wait for each other.
seq 30000 | sed 's/1/one /g' | tr -d 7 | grep -v 99 | cut -d ' ' -f 1 | sort | uniq -c | wc -l
