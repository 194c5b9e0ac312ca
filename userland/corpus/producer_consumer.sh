# Producer and consumers with a lock file.
seq 30 > queue; : > done; for c in 1 2 3; do (while :; do n=$(flock lock sh -c 'head -n 1 queue; sed -i 1d queue'); [ -z "$n" ] && break; flock lock sh -c "echo $((n * n)) >> done"; done) & done; wait; sort -n done | md5sum; seq 30 | awk '{print $1*$1}' | md5sum; wc -l < done; wc -c < queue
