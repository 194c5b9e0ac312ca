# stty on a pseudo terminal.
script -q -c 'stty raw -echo; stty -a; stty sane; stty -a; stty rows 30 cols 100; stty size; stty intr ^X; stty -a | head -n 2; stty 9600; stty speed; stty -g | tr -d "0-9a-f" | wc -c' out > /dev/null 2>&1 < /dev/null
tr -d '\r' < out | grep -v -e '^Script' -e '^$' | sed 's/^speed [0-9]* baud/speed N baud/'
