# Background jobs read from /dev/null, unless told otherwise.
echo data > f
cat & wait
cat < f & wait
(read x || echo "nothing to read") & wait
exec < f
(read x; echo "x=$x") & wait
read y; echo "y=$y"
