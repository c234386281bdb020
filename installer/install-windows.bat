@echo off
rem For a double click: installs NIGDT, its entry in the start menu and its GIMP plug-in.
title NIGDT
set "new=import sys; sys.exit(sys.version_info < (3, 11))"
set "python="
py -3 -E -c "%new%" >nul 2>nul && set "python=py -3" && goto install
python -E -c "%new%" >nul 2>nul && set "python=python" && goto install
python3 -E -c "%new%" >nul 2>nul && set "python=python3" && goto install
echo NIGDT needs Python 3.11 or newer. Its page opens now: download it there, install it,
echo and open this file again.
start "" https://www.python.org/downloads/windows/
set "status=1"
goto end
:install
%python% -E "%~dp0." setup
set "status=%errorlevel%"
:end
echo.
pause
exit /b %status%
