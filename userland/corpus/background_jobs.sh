# Background jobs, wait for one and for all, $!, exit codes.
(exit 3) & p=$!
wait $p 2>/dev/null; echo $?
(sleep 0.1; exit 5) & a=$!
(exit 6) & b=$!
wait $a; echo "a $?"
wait $b; echo "b $?"
wait 99999; echo "unknown $?"
for i in 1 2 3 4 5; do (sleep 0.0$i; echo $i > out.$i) & done
wait
cat out.*
sleep 10 & p=$!
kill $p; wait $p 2>/dev/null; echo "killed $?"
sleep 10 & p=$!
kill -9 $p; wait $p 2>/dev/null; echo "killed $?"
{ echo in background; } & wait
echo done &
wait $!
