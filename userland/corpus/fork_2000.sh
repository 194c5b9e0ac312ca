# Two thousand forks.
n=0
while [ $n -lt 2000 ]; do
	(exit $((n % 7)))
	s=$((s + $?))
	n=$((n + 1))
done
echo "$n $s"
