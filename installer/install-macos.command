#!/bin/sh
# For a double click: installs NIGDT as an application and its GIMP plug-in, in a window that stays until it was read.
here=$(cd "$(dirname "$0")" && pwd) || exit 1

# The Python that comes with Apple's tools is too old, and asking for it may offer to install them.
PATH="/Library/Frameworks/Python.framework/Versions/Current/bin:/opt/homebrew/bin:/usr/local/bin:$PATH"
# -E: what PYTHONHOME and its like say for other programs keeps Python from starting at all.
for python in python3 python3.13 python3.12 python3.11 ""; do
    [ -n "$python" ] || break
    [ "$(command -v "$python")" != /usr/bin/python3 ] || [ "$(uname)" != Darwin ] || continue
    "$python" -E -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
done
if [ -n "$python" ]; then
    "$python" -E "$here" setup
    status=$?
else
    echo "NIGDT needs Python 3.11 or newer. Its page opens now: download it there, install it,"
    echo "and open this file again."
    open https://www.python.org/downloads/macos/
    status=1
fi
if [ -t 0 ] && [ -t 1 ]; then
    printf '\nPress Return, then you can close this window. '
    read -r _
fi
exit $status
