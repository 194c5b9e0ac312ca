# find by times.
touch -d '2 days ago' a 2>/dev/null || touch -d "@$(($(date +%s) - 172800))" a; touch b; touch -d @0 c; find . -type f -mtime +1 | sort; find . -type f -mtime -1 | sort; find . -type f -mmin -60 | sort; find . -newer a -type f | sort; find . -type f ! -newer a | sort; find . -type f -mtime +10000 | sort
