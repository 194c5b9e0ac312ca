# Executable scripts: #!, arguments, PATH lookup, missing permission.
mkdir bin; cat > bin/hi <<'EOF'
#!/bin/sh
echo "hi $0 $#" | sed 's,/.*/,,'
EOF
chmod +x bin/hi; bin/hi a b; PATH=$PWD/bin:$PATH; hi x; printf '#!/bin/busybox awk -f\nBEGIN { print "awk script" }\n' > a.awk; chmod +x a.awk; ./a.awk; printf '#!/bin/sh -e\nfalse\necho never\n' > e; chmod +x e; ./e; echo $?; echo 'echo no hashbang' > n; chmod +x n; ./n; chmod -x n; ./n 2>/dev/null; echo $?; printf '#!/nosuch\n' > b; chmod +x b; ./b 2>/dev/null; echo $?; printf '#!./bin/hi\n' > c; chmod +x c; ./c arg; sh n; hash -r; type hi | sed 's,/.*/,,'
