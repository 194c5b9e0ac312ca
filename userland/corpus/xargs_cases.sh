# xargs: -n, -I, -0, -r, -P, quoting, statuses.
echo a b c | xargs echo; echo a b c | xargs -n 1 echo x; echo a b c | xargs -n 2
printf 'a b\nc\n' | xargs -I {} echo '<{}>'; printf 'a\0b c\0' | xargs -0 -n 1 echo
echo | xargs echo empty; echo | xargs -r echo never; echo "a 'b c' \"d e\" f\\ g" | xargs -n 1
seq 10 | xargs -n 3 echo; seq 5 | xargs -t -n 2 echo 2>&1
echo 1 2 3 | xargs -n 1 sh -c 'exit $0'; echo $?; echo x | xargs nosuch 2>/dev/null; echo $?
echo x | xargs sh -c 'kill -9 $$' 2>/dev/null; echo $?; echo x | xargs sh -c 'exit 255' 2>/dev/null; echo $?
seq 1000 | xargs | wc -w; seq 20000 | xargs echo | wc -w; printf 'a\nE\nb\n' | xargs -E E echo
