# kill: names, numbers, lists, process groups.
kill -l | head -n 15; kill -l 9; kill -l 137; kill -l TERM
# A child that is to be signalled says when it runs: before, signals find the shell that is about to become it.
for s in HUP TERM KILL USR1 USR2 PIPE ALRM; do
	sh -c ': >ready; while :; do sleep 1; done' & p=$!; until [ -e ready ]; do sleep 0.01; done; rm ready
	kill -$s $p; wait $p 2>/dev/null; echo "$s $?"
done
# SIGINT is ignored in the background, and what is ignored stays so.
sh -c ': >ready; sleep 60' & p=$!; until [ -e ready ]; do sleep 0.01; done
kill -INT $p; kill -0 $p; echo "alive $?"; kill $p; wait $p 2>/dev/null; echo $?
sleep 10 & p=$!; kill -0 $p; echo $?; kill $p; wait $p 2>/dev/null; kill -0 $p 2>/dev/null; echo $?
kill 999999 2>/dev/null; echo $?; kill -NOSUCH $$ 2>/dev/null; echo $?
sleep 10 & sleep 10 & kill $(jobs -p); wait 2>/dev/null; echo none left
sh -c 'trap "" TERM; kill $$; echo survived'
sh -c 'trap "" INT; sh -c "kill -INT \$\$; echo inherited"'
