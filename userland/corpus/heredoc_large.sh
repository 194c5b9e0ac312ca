# A here-document that is larger than a pipe.
big=$(seq 1 20000)
cat <<EOF | md5sum
$big
EOF
cat <<EOF | wc -l
$big
$big
EOF
while read a; do last=$a; done <<EOF
$big
EOF
echo "last $last"
