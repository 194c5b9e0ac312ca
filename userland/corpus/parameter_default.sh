# ${x-}, ${x:-}, ${x=}, ${x?}, ${x+} for unset, empty and set.
unset u; e=; s=set
echo "[${u-d}][${e-d}][${s-d}]"
echo "[${u:-d}][${e:-d}][${s:-d}]"
echo "[${u+a}][${e+a}][${s+a}]"
echo "[${u:+a}][${e:+a}][${s:+a}]"
echo "[${u=assigned}][$u]"
echo "[${e:=assigned}][$e]"
(echo "${unset1?is not set}") 2>&1 | sed 's/^.*unset1/unset1/'
(unset q; : ${q:?}) 2>&1 | sed 's/^.*: q/q/'
echo "${u:-$(echo command)}" "${none:-${other:-nested}}"
echo "${none:-a b   c}" ${none:-a b   c}
echo "${none:-"quo ted"}" '${none}'
set -- a b c
echo "${1:-x}" "${4:-x}" "${#}" "${@:-none}" "$*"
