# Exit codes of subshells, groups, functions, commands that are not there.
(exit 3); echo $?
(exit 256); echo $?
(exit 255); echo $?
sh -c 'exit 300'; echo $?
{ false; }; echo $?
f() { return 4; }; f; echo $?
f() { return; }; false; f; echo $?
(f() { exit 5; }; f; echo never); echo $?
nosuchcommand 2>/dev/null; echo $?
./nosuchfile 2>/dev/null; echo $?
echo x > plain; ./plain 2>/dev/null; echo $?
chmod +x plain; mkdir dir; ./dir 2>/dev/null; echo $?
sh -c 'kill -9 $$'; echo $?
sh -c 'kill -SEGV $$' 2>/dev/null; echo $?
x=$(exit 7); echo $?
x=$(true)$(exit 8); echo $?
false; x=1; echo $?
if false; then :; fi; echo $?
while false; do :; done; echo $?
case x in y) ;; esac; echo $?
