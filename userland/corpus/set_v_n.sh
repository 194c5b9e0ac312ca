# sh -n reads only, sh -v shows, sh -s and -c arguments.
echo 'echo never; if' > bad.sh
sh -n bad.sh 2>/dev/null; echo $?
echo 'echo fine' > good.sh
sh -n good.sh; echo $?
sh -v good.sh 2>&1
sh -c 'echo $0 $1 $#' zero one two
echo 'echo $1 $#' | sh -s first second
sh -c 'echo ${@}' x a 'b c' d
printf 'echo a\necho b\n' | sh
