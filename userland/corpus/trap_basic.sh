# trap: EXIT, signals, resetting, inheritance in subshells, exit codes.
trap 'echo exit trap' EXIT
trap 'echo got usr1' USR1
kill -USR1 $$
echo after
trap '' USR1
kill -USR1 $$
echo ignored
trap - USR1
(trap 'echo sub exit' EXIT; echo in sub)
trap 'echo one; echo two' USR2
kill -s USR2 $$
trap
sh -c 'trap "echo bye; exit 7" TERM; kill $$; echo never'
echo "status $?"
sh -c 'trap "echo bye" EXIT; exit 3'
echo "status $?"
sh -c 'kill -TERM $$'
echo "status $?"
sh -c 'trap "exit 9" INT; kill -INT $$; sleep 5'
echo "status $?"
f() { trap 'echo function trap' EXIT; }
f
