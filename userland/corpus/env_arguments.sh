# Long argument lists and large environments.
echo $(seq 20000) | wc -c; sh -c 'echo $#' x $(seq 20000); busybox echo $(seq 20000) | md5sum; V=$(seq 10000) busybox env | md5sum > /dev/null; V=$(seq 10000) sh -c 'echo "${#V}"'; x=$(head -c 200000 /dev/zero | tr '\0' a); busybox echo "$x" 2>/dev/null; echo $?; echo "$x" | wc -c; set -- $(seq 5000); for i; do l=$i; done; echo $l
