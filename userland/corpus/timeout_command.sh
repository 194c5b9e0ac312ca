# timeout: in time, too late, signals, kill after.
timeout 5 echo fine; echo $?
timeout 0.2 sleep 5; echo $?
timeout -s KILL 0.2 sleep 5; echo $?
timeout 5 sh -c 'exit 7'; echo $?
timeout 5 nosuch 2>/dev/null; echo $?
timeout -s USR1 0.3 sh -c 'trap "echo got usr1; exit 3" USR1; while :; do sleep 0.05; done'; echo $?
