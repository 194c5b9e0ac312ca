# Somebody at a shell who reads and thinks between short commands, while a program in the background computes.
yes >/dev/null &
for number in $(seq 12); do
    ls -l /bin >/dev/null
    sleep 0.35
    echo "a line that is typed" >>/tmp/notes
    sleep 0.08
    grep -c line /tmp/notes
    sleep 0.6
    ps | sort | head -3
    sleep 0.2
done
kill $!
