# A reader that leaves early ends the writer by SIGPIPE.
(seq 1 1000000; echo "writer: $?" >&2) 2>&1 >/dev/null | head -n 5
yes abc | head -c 12
(trap '' PIPE; yes 2>err; echo "exit $?" >&2) 2>status | head -n 1
cat status
(yes; echo "status $?" > st) | sed 2q
cat st
