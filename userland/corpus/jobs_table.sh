# The jobs table of a shell with job control.
sh -c '
set -m
sleep 5 & sleep 6 &
jobs | sed "s/ *[0-9][0-9][0-9]* / /" 
kill %1 %2
wait
jobs | wc -l
sleep 0.05 &
wait %1; echo "status $?"
sh -c "kill -STOP \$\$" &
sleep 0.3
jobs | grep -c Stopped
kill -CONT %1; wait %1; echo "status $?"
' 2>/dev/null
