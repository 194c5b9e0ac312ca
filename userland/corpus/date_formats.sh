# date with fixed times and zones.
D='-d @1000000000'
TZ=UTC date $D; TZ=UTC date $D '+%Y-%m-%d %H:%M:%S %j %a %A %b %B %d %e %I %p %U %w %y %Z %% %s %D %T %R %n%t|'; TZ=EST5EDT date $D '+%H %Z %z'; TZ=CET-1CEST,M3.5.0,M10.5.0/3 date $D '+%H %Z %z'; TZ=CET-1CEST,M3.5.0,M10.5.0/3 date -d @980000000 '+%H %Z'
TZ=UTC date -d '2004-02-29 12:34:56' +%s; TZ=UTC date -u -d '1970-01-01 00:00:00' +%s; TZ=UTC date -R $D; TZ=UTC date -Iseconds $D; TZ=UTC date -I $D; TZ=UTC date -d 2000.01.02-03:04 2>/dev/null +%F; TZ=UTC date -D '%d/%m/%Y' -d '05/06/2007' +%F
for s in 0 951782400 1583020799 4102444800 -1; do TZ=UTC date -d @$s '+%F %T %u'; done; date -d nonsense 2>/dev/null; echo $?; TZ=XYZ-5:30 date $D '+%H:%M %Z'
