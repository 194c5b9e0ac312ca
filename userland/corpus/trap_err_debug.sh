# Traps and set -e.
sh -ec 'trap "echo leaving \$?" EXIT; true; false; echo never'; echo "a $?"
sh -ec 'if false; then :; fi; false || true; ! true; echo reached; (exit 4); echo never'; echo "b $?"
sh -ec 'x=$(false); echo never'; echo "c $?"
sh -ec 'f() { false; echo in f; }; f || echo or; f; echo never'; echo "d $?"
sh -ec 'false && true; echo reached'; echo "e $?"
sh -ec 'while false; do :; done; echo reached; false | true; echo reached too'; echo "f $?"
sh -ec 'local_var=$(echo a; exit 3) || echo "status $?"; echo end'; echo "g $?"
