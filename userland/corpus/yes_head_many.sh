# Writers that are cut off, a hundred times.
i=0; while [ $i -lt 100 ]; do yes | head -n 1; i=$((i+1)); done | uniq -c | sed 's/^ *//'; yes | head -c 1000000 | md5sum; seq 100000 | head -n 5 | tail -n 1; yes x | sed 3q; cat /dev/zero | head -c 100000 | wc -c; (yes | true); echo $?; yes a b c | head -n 2; yes "$(seq 100)" | head -n 250 | tail -n 1
