# mktemp: files, directories, templates.
f=$(mktemp); [ -f $f ] && stat -c '%a %s' $f; rm $f; d=$(mktemp -d); [ -d $d ] && stat -c %a $d; rmdir $d
t=$(mktemp ./abc.XXXXXX); echo ${#t}; case $t in ./abc.??????) echo template;; esac; n=$(mktemp -u ./u.XXXXXX); [ -e $n ] || echo unused; mktemp ./bad.X 2>/dev/null; echo $?; a=$(mktemp ./s.XXXXXX); b=$(mktemp ./s.XXXXXX); [ $a != $b ] && echo distinct; TMPDIR=. mktemp -t x.XXXXXX | sed 's/[^./].....$/R/' | cut -c1-4
