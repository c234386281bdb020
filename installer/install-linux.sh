#!/bin/sh
# For a double click: installs NIGDT, its menu entry and its GIMP plug-in, in a window that stays until it was read.
here=$(cd "$(dirname "$0")" && pwd) || exit 1

if [ ! -t 1 ] && [ -n "$DISPLAY$WAYLAND_DISPLAY" ] && [ "$1" != --in-window ]; then
    for terminal in xdg-terminal-exec "x-terminal-emulator -e" "ptyxis --" "kgx --" "gnome-terminal --" \
        "konsole -e" "xfce4-terminal -x" "mate-terminal -x" "xterm -e"; do
        # shellcheck disable=SC2086 # program and option are two words
        command -v "${terminal%% *}" >/dev/null && exec $terminal sh "$here/install-linux.sh" --in-window
    done
fi

# -E: what PYTHONHOME and its like say for other programs keeps Python from starting at all.
for python in python3 python3.13 python3.12 python3.11 ""; do
    [ -n "$python" ] && "$python" -E -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
done
if [ -n "$python" ]; then
    "$python" -E "$here" setup
    status=$?
else
    echo "NIGDT needs Python 3.11 or newer. Install the package python3, then open this file again."
    status=1
fi
if [ -t 0 ] && [ -t 1 ]; then
    printf '\nPress Enter to close this window. '
    read -r _
fi
exit $status
