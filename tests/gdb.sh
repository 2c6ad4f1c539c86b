# SPDX-License-Identifier: GPL-2.0-only
# Runs of Tarry under gdb-multiarch. Source it after tap.sh.
sock=$work/gdb

# COMMAND... in the background under --gdb; its output in $work/guest, its messages in $work/messages.
debuggee() {
    rm -f "$sock"
    timeout 120 "$TARRY" "$1" --gdb "$sock" "${@:2}" >"$work/guest" 2>"$work/messages" </dev/null &
    debuggee=$!
    wait_for_socket
}

wait_for_socket() {
    local i
    for ((i = 0; i < 200; i++)); do
        [ -S "$sock" ] && grep -q "waiting for a debugger" "$work/messages" && return
        kill -0 "$debuggee" 2>/dev/null || return
        sleep 0.05
    done
}

# gdb with the commands of standard input; what it prints is in $out.
gdb() {
    { printf 'set remotetimeout 60\nset pagination off\nset confirm off\nset style enabled off\nset width 0\n'
      printf 'file %s\ntarget remote %s\n' "$BUILD/kernel.elf" "$sock"
      cat; } >"$work/commands"
    out=$(timeout 100 gdb-multiarch -nx -batch -x "$work/commands" 2>&1)
}

# The debuggee's exit status in $status, its messages in $err.
finished() {
    status=0
    wait "$debuggee" || status=$?
    err=$(cat "$work/messages")
}
