# kill: names, numbers, lists, process groups.
kill -l | head -n 15; kill -l 9; kill -l 137; kill -l TERM
for s in HUP INT TERM KILL USR1 PIPE ALRM; do
	sh -c 'while :; do sleep 1; done' & p=$!; kill -$s $p; wait $p 2>/dev/null; echo "$s $?"
done
sleep 10 & p=$!; kill -0 $p; echo $?; kill $p; wait $p 2>/dev/null; kill -0 $p 2>/dev/null; echo $?
kill 999999 2>/dev/null; echo $?; kill -NOSUCH $$ 2>/dev/null; echo $?
sleep 10 & sleep 10 & kill $(jobs -p); wait 2>/dev/null; echo none left
sh -c 'trap "" TERM; kill $$; echo survived'
sh -c 'trap "" INT; sh -c "kill -INT \$\$; echo inherited"'
