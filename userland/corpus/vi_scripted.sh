# vi without a screen: commands from a pipe edit and save.
export TERM=vt100
seq 5 > f; printf ':2d\n:w\n:q!\n' | vi f > /dev/null 2>&1; cat f
printf 'ihello \033:wq\n' | vi f > /dev/null 2>&1; cat f
printf ':%%s/[0-9]/N/g\n:wq\n' | vi f > /dev/null 2>&1; cat f
printf 'Goappended\033ZZ' | vi f > /dev/null 2>&1; cat f; vi -c ':1d' -c ':wq' f > /dev/null 2>&1 < /dev/null; cat f
