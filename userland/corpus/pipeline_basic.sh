# Pipelines of several stages, exit codes, and what each side sees.
echo one two three | tr ' ' '\n' | sort -r | head -n 2
seq 1 100 | grep 7 | wc -l
printf 'b\na\nc\n' | sort | cat -n
true | false; echo "status $?"
false | true; echo "status $?"
echo data | { read x; echo "got $x"; }
x=before; echo after | read x; echo "$x"
yes | head -n 3
seq 1000000 | head -n 1
echo a | cat - /dev/null | cat | cat | cat
! true; echo $?
! false; echo $?
