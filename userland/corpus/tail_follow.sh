# tail -f follows a file that grows.
echo start > log
tail -f log > seen & t=$!
sleep 0.3; echo more >> log; sleep 1.5; echo end >> log; sleep 1.5
kill $t; wait $t 2>/dev/null; cat seen
(for i in 1 2 3; do echo $i; sleep 0.1; done) | tail -n 2
