# nice, nohup, setsid, renice.
nice; nice nice; nice -n 5 nice; nice -n 5 nice -n 3 nice; nice -n -5 nice
nohup sh -c 'kill -HUP $$; echo survived' 2>/dev/null; cat nohup.out 2>/dev/null
setsid sh -c 'set -- $(sed "s/^.*) //" /proc/$$/stat); [ $$ = $4 ] && echo leader'
sleep 5 & p=$!; renice -n 7 -p $p >/dev/null; set -- $(sed 's/^.*) //' /proc/$p/stat); echo ${17}; kill $p
