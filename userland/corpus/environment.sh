# Exports, env, unset, assignments in front of commands.
A=1; export B=2; sh -c 'echo "[$A][$B]"'
A=3 sh -c 'echo $A'; echo $A
env -i X=y sh -c 'echo "$X"; env | grep -v -e PWD -e SHLVL -e _='
env -u B sh -c 'echo "[$B]"'
export A; A=changed; sh -c 'echo $A'
unset A; sh -c 'echo "[$A]"'
readonly R=5; (R=6) 2>/dev/null; echo $? $R
f() { echo "$V"; }; V=temp f
printenv B; printenv nosuch; echo $?
export P='a b'; sh -c 'echo "$P"' ; export | grep ' P='
X= sh -c 'echo "[${X-unset}][${X:-empty}]"'
env A=1 B=2 sh -c 'echo $A$B'
set | grep '^B='
