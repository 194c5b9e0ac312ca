# Here-documents: expansion, quoting, tabs, several at once, nested in functions and loops.
name=world
cat <<EOF
hello $name
$((6 * 7)) $(echo command) `echo backquote`
\$escaped \\ "quotes" 'single'
EOF
cat <<'EOF'
no $expansion $(here) `at all` \n
EOF
cat <<-EOF
	leading tabs
		are removed
	for $name
	EOF
cat <<A; cat <<B
first
A
second
B
f() {
	cat <<EOF
in a function: $1
EOF
}
f one; f two
for i in 1 2 3; do cat <<EOF
round $i
EOF
done
cat <<EOF | tr a-z A-Z
piped on
EOF
cat <<""
until an empty line

wc -c <<EOF
EOF
