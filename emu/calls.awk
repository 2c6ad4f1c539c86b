# SPDX-License-Identifier: GPL-2.0-only
# From the macros of a C header (cc -E -dM): lines {number, "name", NULL} in order of the numbers, for emu/calls.c.
#   prefix: of the macros that count, e.g. __NR_
# A macro may name another; names that are there for other macros' sake (__NR3264_, __NR_arch_specific_syscall) are not calls.
BEGIN {
    if (prefix == "") {
        print "calls.awk: no prefix" >"/dev/stderr"
        exit 2
    }
}
$1 == "#define" && NF >= 3 {
    text = $3
    for (i = 4; i <= NF; i++)
        text = text $i
    value[$2] = text
}
function number(text, parts) {
    gsub(/[()]/, "", text)
    if (text in value)
        return number(value[text])
    if (split(text, parts, "+") == 2)
        return number(parts[1]) + number(parts[2])
    return text ~ /^[0-9]+$/ ? text + 0 : -1
}
END {
    for (name in value)
        if (index(name, prefix) == 1 && name !~ /_syscalls?$/) {
            n = number(value[name])
            short = substr(name, length(prefix) + 1)
            if (n >= 0 && (!(n in names) || (value[name] ~ /^[0-9(]/ && value[names[n]] !~ /^[0-9(]/)))
                names[n] = name
            if (n > last)
                last = n
        }
    for (n = 0; n <= last; n++)
        if (n in names)
            printf "{%d, \"%s\", 0},\n", n, prefix == "E" ? names[n] : substr(names[n], length(prefix) + 1)
}
