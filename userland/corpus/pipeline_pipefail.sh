# set -o pipefail, and where the status of a pipeline comes from.
false | true; echo $?
set -o pipefail
false | true; echo $?
true | (exit 3) | true; echo $?
(exit 4) | (exit 5) | true; echo $?
true | true; echo $?
set +o pipefail
(exit 4) | (exit 5) | true; echo $?
! (exit 4) | true; echo $?
