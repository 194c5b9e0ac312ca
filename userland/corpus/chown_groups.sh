# chown, chgrp, id, permissions of another user.
touch f; chown 1000:2000 f; stat -c '%u %g' f; chown 5 f; stat -c '%u %g' f; chown :6 f; stat -c '%u %g' f; chgrp 7 f; stat -c '%u %g' f; mkdir -p d/e; touch d/e/f; chown -R 10:20 d; stat -c '%u %g' d d/e d/e/f; ln -s f l; chown -h 9 l; stat -c %u l f
id -u; id -g; id -G | cut -d' ' -f1; chmod 600 f; chown 0:0 f; setuidgid root id -u 2>/dev/null || echo none; chmod 4755 f; chown 0 f; stat -c %a f; chown nosuchuser f 2>/dev/null; echo $?
