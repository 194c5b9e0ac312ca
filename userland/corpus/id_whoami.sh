# id, whoami, groups in numbers.
id -u; id -g; id -ru; id -un; whoami; id root | cut -d' ' -f1; id nosuchuser 2>/dev/null; echo $?; [ "$(id -u)" = 0 ] && echo root; stat -c %u /proc/self
