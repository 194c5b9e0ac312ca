# $(...) and backquotes: newlines, nesting, status, big output, NUL bytes.
echo "$(echo a; echo b)"; echo $(echo a; echo b); echo "[$(printf 'x\n\n\n')]"
x=$(cat /dev/null); echo "[$x]"
echo $(echo $(echo $(echo deep)))
echo `echo \`echo old\``
x=$(exit 3); echo $?; echo "$(exit 4)" $?
big=$(seq 1 30000); echo ${#big}
y=$(printf 'a\0b'); echo ${#y}
f=$(echo 'case x in x) echo in case;; esac' | sh); echo $f
z=$(case x in (x) echo paren;; esac); echo $z
echo data > file; echo $(cat < file)
$(echo echo) dynamic
v=$(echo "a  b"); echo $v "$v"
a=$(cat <<EOF
here in substitution
EOF
); echo $a
