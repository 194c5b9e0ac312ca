# read: fields, backslashes, -r, IFS, end of file, prompts, -n, -d, -t.
printf 'a b c\n' | { read x y; echo "[$x][$y]"; }
printf 'a\\ b c\\\nd\n' | { read x y; echo "[$x][$y]"; }
printf 'a\\ b\\n\n' | { read -r x; echo "[$x]"; }
printf 'no newline' | { read x; echo "$? [$x]"; }
printf '' | { read x; echo "$? [$x]"; }
printf '  lead trail  \n' | { read x; echo "[$x]"; }
printf '  lead trail  \n' | { IFS= read x; echo "[$x]"; }
printf 'a:b::c:\n' | { IFS=: read x y z; echo "[$x][$y][$z]"; }
printf 'abcdef\n' | { read -n 3 x; echo "[$x]"; }
printf 'one;two;' | { read -d ';' x; read -d ';' y; echo "[$x][$y]"; }
sleep 1 | { read -t 0.1 x; echo "timeout $(($? > 0))"; }
printf '1\n2\n3\n' | while read n; do echo $((n*n)); done
printf 'x\n' | { read; echo "[$REPLY]"; }
