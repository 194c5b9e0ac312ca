# Redirections of every kind.
echo out > f; cat f
echo more >> f; cat f
echo err 2>&1 >/dev/null >&2 2>/dev/null
ls nosuch 2> e; echo "$?"; sed 's/^.*: //' e
{ echo a; echo b >&2; } > o 2> e; cat o e
{ echo a; echo b >&2; } > both 2>&1; cat both
exec 3> three; echo to three >&3; exec 3>&-; cat three
exec 4< f; read x <&4; read y <&4; echo "$x/$y"; exec 4<&-
echo hello 5> five >&5; cat five
: > empty; wc -c < empty
> truncated; ls -s truncated
set -C; echo x > f; echo "noclobber $?"; echo x >| f; cat f; set +C
cat < f > g; cat g
cat <> g
echo a >&- ; echo "closed $?"
(exec 0<&-; read x; echo "read from closed: $?")
echo x 3>&1 1>&2 2>&3 3>&- | cat
