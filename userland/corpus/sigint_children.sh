# SIGINT and SIGTERM to groups of processes.
cat > g.sh <<'EOF'
trap 'echo caught; exit 3' TERM
sleep 20 & sleep 20 & 
echo ready > ready
wait
EOF
setsid sh g.sh & p=$!; while [ ! -s ready ]; do sleep 0.05; done; kill -TERM $p; wait $p; echo $?; rm ready; sh -c 'trap "" TERM; echo started > ready; sleep 0.5; echo finished' & p=$!; while [ ! -s ready ]; do sleep 0.05; done; kill -TERM $p; wait $p; echo $?; sh -c 'sleep 20' & p=$!; kill -INT $p; kill -KILL $p; wait $p 2>/dev/null; echo $?
