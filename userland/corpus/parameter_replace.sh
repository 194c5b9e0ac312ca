# ${x/}, ${x//}, ${x:offset:length}, ${#x}.
x="the cat sat on the mat"
echo "${x/the/a}" "${x//the/a}" "${x//at/AT}" "${x/nothing/x}" "${x// /_}" "${x//[aeiou]/}"
echo "${x/#the/THE}" "${x/%mat/rug}" 
echo "${#x}" "${x:4}" "${x:4:3}" "${x: -3}" "${x:0:3}" "${x:100}" "[${x:3:0}]"
y=äöü; echo "${#y}" > /dev/null
set -- a bb ccc; echo "${#1} ${#3} $# ${#}"
n=4; echo "${x:n:3}" "${x:$n:$((n-1))}"
p='a/b/c'; echo "${p//\//:}" "${p/\//-}"
