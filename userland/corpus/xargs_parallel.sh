# xargs -P: several at once, all done, statuses.
seq 40 | xargs -P 4 -n 1 sh -c 'echo $0 > out.$0'; ls out.* | wc -l; cat out.* | sort -n | md5sum
seq 8 | xargs -P 4 -n 1 sh -c 'sleep 0.1; echo x' | wc -l
seq 20 | xargs -P 4 -n 3 echo | tr ' ' '\n' | sort -n | head -n 3
seq 4 | xargs -P 4 -n 1 sh -c '[ $0 = 3 ] && exit 2; exit 0'; echo $?
seq 100 | xargs -P 8 -I{} sh -c 'echo {}' | sort -n | uniq | wc -l
