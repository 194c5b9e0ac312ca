# A server and clients over FIFOs.
mkfifo req; (while read id cmd arg <&3; do case $cmd in up) echo "$arg" | tr a-z A-Z > rep.$id;; add) echo $((arg + 1)) > rep.$id;; quit) break;; esac; done 3<> req; echo stopped > done) & for i in 1 2 3; do mkfifo rep.$i; done; ask() { echo "$*" > req; cat rep.$1; }; ask 1 up hello; ask 2 add 41; ask 3 up world; ask 1 add 1; echo "0 quit" > req; wait; cat done
