# $$, $!, $?, $-, $_, $0, $PPID and friends.
[ $$ -gt 1 ] && echo pid; (echo $$) | grep -qx $$ && echo "same in a subshell"
sh -c '[ $PPID -gt 0 ] && echo ppid'; true & [ -n "$!" ] && echo bang; wait
case $- in *i*) echo interactive;; *) echo not interactive;; esac
set -e; case $- in *e*) echo e;; esac; set +e
echo "$0" | sed 's,.*/,,'; sh -c 'echo $0'; sh -c 'echo $0' name
[ $RANDOM -ge 0 ] && [ $RANDOM -lt 32768 ] && echo random
x=$RANDOM$RANDOM$RANDOM; y=$RANDOM$RANDOM$RANDOM; [ $x != $y ] && echo differ
echo $LINENO
now=$(date +%s); [ $now -gt 1600000000 ] && echo date
