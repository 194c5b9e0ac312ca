# STOP and CONT.
state() { sed 's/^.*) \(.\).*/\1/' /proc/$1/stat; }
await() { n=0; while [ "$(state $1)" != $2 ] && [ $n -lt 50 ]; do sleep 0.05; n=$((n+1)); done; state $1; }
sleep 100 & p=$!
await $p S
kill -STOP $p; await $p T
kill -CONT $p; await $p S
kill -STOP $p; await $p T; kill -TERM $p; sleep 0.1; state $p
kill -CONT $p; wait $p 2>/dev/null; echo $?
