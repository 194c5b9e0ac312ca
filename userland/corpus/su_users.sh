# Other users: setuidgid-like with su-free tools, file access as another user.
echo secret > s; chmod 600 s; echo open > o; chmod 644 o; chmod 755 .; cat > as <<'EOF'
#!/bin/sh
id -u; cat o; cat s 2>/dev/null || echo denied; echo x > new 2>/dev/null || echo "cannot create"; kill -0 1 2>/dev/null || echo "cannot signal"
EOF
chmod 755 as; printf 'nobody:x:65534:65534:n:/:/bin/sh\n' > pw; chpst -u 65534:65534 ./as 2>/dev/null || setpriv --reuid 65534 ./as 2>/dev/null || echo "no tool"
