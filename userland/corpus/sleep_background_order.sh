# Output of background jobs in the order of their times.
(sleep 0.3; echo third) & (sleep 0.1; echo first) & (sleep 0.2; echo second) & wait; for i in 3 1 2; do (sleep 0.$i; echo $i >> order) & done; wait; cat order; { sleep 0.1; echo late; } & echo early; wait; (sleep 0.2 & wait; echo inner) ; echo outer; sleep 0.1 && echo and; sh -c 'sleep 0.1 & wait $!; echo $?'
