"""What a screen reader finds: every object of a program on the accessibility bus, as JSON lines.

Run by a Python with GObject's bindings: ``python3 accessible_tree.py PROGRAM``. Waits for the program.
"""

import json
import sys
import time

from gi.repository import Gio, GLib

OBJECT, PROPERTIES = "org.a11y.atspi.Accessible", "org.freedesktop.DBus.Properties"
ROOT = "/org/a11y/atspi/accessible/root"


def connect():
    session = Gio.bus_get_sync(Gio.BusType.SESSION)
    switch = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", GLib.Variant("b", True)))
    session.call_sync("org.a11y.Bus", "/org/a11y/bus", PROPERTIES, "Set", switch, None, 0, 60_000)
    address = session.call_sync(
        "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, None, 0, 60_000
    )
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    return Gio.DBusConnection.new_for_address_sync(address.unpack()[0], flags, None, None)


def call(bus, where, interface, method, arguments=None):
    return bus.call_sync(*where, interface, method, arguments, None, 0, 30_000).unpack()[0]


def name_of(bus, where):
    return call(bus, where, PROPERTIES, "Get", GLib.Variant("(ss)", (OBJECT, "Name")))


def walk(bus, where, seen):
    if where in seen:
        return
    seen.add(where)
    try:
        role, name = call(bus, where, OBJECT, "GetRoleName"), name_of(bus, where)
        children = call(bus, where, OBJECT, "GetChildren")
    except GLib.Error:  # gone meanwhile
        return
    print(json.dumps({"role": role, "name": name}))
    for child in children:
        walk(bus, tuple(child), seen)


def main():
    bus = connect()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for program in call(bus, ("org.a11y.atspi.Registry", ROOT), OBJECT, "GetChildren"):
            if name_of(bus, tuple(program)) == sys.argv[1]:
                walk(bus, tuple(program), set())
                return 0
        time.sleep(0.3)
    return 1


sys.exit(main())
