# A shell on a pseudo terminal made by script: prompts, echo, signals.
cat > in <<'EOF'
echo hello
x=5
echo $((x * 2))
exit 3
EOF
(cat in | PS1='$ ' HISTFILE=/dev/null script -q -c 'sh' out >/dev/null 2>&1); tr -d '\r' < out 2>/dev/null | grep -c hello | awk '{print ($1 > 0)}'; script -q -c 'tty > tty.out; echo done' o2 > /dev/null 2>&1 < /dev/null; sed 's/[0-9]*$/N/' tty.out; script -q -c 'stty -a' o3 >/dev/null 2>&1 < /dev/null; grep -c icanon o3
