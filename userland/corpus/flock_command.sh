# flock: exclusive sections, non-blocking, on a descriptor.
echo 0 > n
for i in 1 2 3 4; do (for j in 1 2 3 4 5 6 7 8 9 10; do flock lock sh -c 'echo $(($(cat n)+1)) > n'; done) & done
wait; cat n
exec 9> lock; flock -x 9; flock -n lock echo never; echo $?
flock -u 9; flock -n lock echo free; echo $?
flock -s 9; flock -n -s lock echo shared; flock -n -x lock echo never; echo $?
exec 9>&-; flock lock sh -c 'exit 5'; echo $?
