# With set -m each job has a process group of its own, without it not.
cat > show.sh <<'EOF'
set -- $(cat /proc/self/stat | sed 's/^.*) //')
echo "$3"
EOF
mine=$(sh show.sh)
sh -c 'sh show.sh' | { read g; [ "$g" = "$mine" ] && echo same || echo other; }
set -m
sh show.sh > g1 &
wait
read g < g1
[ "$g" = "$mine" ] && echo same || echo other
set +m
sh show.sh > g2 & wait
read g < g2
[ "$g" = "$mine" ] && echo same || echo other
