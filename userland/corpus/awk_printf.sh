# awk: output formats.
awk 'BEGIN {printf "%s %d %i %o %x %X %u %c %c %%\n", "s", 42.9, -7, 8, 255, 255, 3, 65, "BCD"; printf "%5s|%-5s|%05d|%+d|% d|%.3f|%8.2e|%g|%G\n", "ab", "cd", 42, 42, 42, 3.14159, 31415.9, 0.0001, 1e10; OFMT="%.2f"; print 3.14159, 17, 1e3; CONVFMT="%.3g"; x = 3.14159 ""; print x; printf "no newline"; print ""; print 100000 * 100000, 0.1, 1/3}'
