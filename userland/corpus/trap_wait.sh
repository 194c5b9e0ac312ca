# wait is interrupted by a trapped signal; a command in the foreground is not.
trap 'echo trapped' USR1
(sleep 0.2; kill -USR1 $$) &
sleep 3 &
s=$!
wait $s 2>/dev/null
echo "wait returned $(( $? > 128 ))"
kill $s
wait $s 2>/dev/null
echo "killed: $?"
(sleep 0.1; kill -USR1 $$) &
sleep 0.4
echo "after the foreground command"
wait
