# Requests come at intervals to workers, which compute for a short, middling or long time, each within a half more or
# less; a program in the background computes all the time.
worker() {
    sleep 0.0$1
    for request in $(seq 60); do
        echo request
        sleep 0.0$2
    done | awk -v size="$3" '{ for (i = size * (0.5 + rand()); i > 0; i--) sum += i } END { print sum }'
}
yes >/dev/null &
background=$!
worker 1 30 1000 &
first=$!
worker 2 45 5000 &
second=$!
worker 3 90 15000 &
wait $first $second $!
kill $background
