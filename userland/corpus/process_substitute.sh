# ps, pidof, pgrep, pkill, killall with known processes.
# A child is known by its program's name from its exec on.
named() { until [ "$(cat /proc/$1/comm)" = "$2" ]; do sleep 0.01; done; }
ln -s "$(command -v busybox)" sleep; PATH=$PWD:$PATH
sleep 30 & p=$!; named $p sleep; ps -o pid,comm | awk -v p=$p '$1 == p {print $2}'; pidof sleep | grep -qw $p && echo pidof
pgrep sleep | grep -qx $p && echo pgrep; pgrep nosuchprocess; echo $?; pkill -TERM -x sleep; wait $p 2>/dev/null; echo $?
sleep 30 & p=$!; named $p sleep; killall sleep; wait $p 2>/dev/null; echo $?; killall nosuchprocess 2>/dev/null; echo $?
ps -o stat,comm | head -n 1
