#!/bin/sh
# Builds the helper of scanner/twain for Windows: 32-bit, like the drivers of scanners, whatever the counter is.
# On Debian: apt install gcc-mingw-w64-i686-win32. The result goes beside the counter's program.
set -eu
cd "$(dirname "$0")"
exec "${CC:-i686-w64-mingw32-gcc-win32}" -std=c99 -O2 -Wall -Wextra -Werror -Wno-cast-function-type \
    -o "${1:-tongban-twain.exe}" worker.c -lgdi32 -luser32 -static -s
