"""Starts the installed unit's ExecStart as systemd would, in the test's root, and holds the other end of its notify socket.

    gate.py ROOT NAME PORT

NAME is asked over DNS on 127.0.0.1:PORT and must be blocked. No systemd need be running: what the unit promises about user,
capabilities, folders and messages is done here by hand and then looked at.
"""

import configparser
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time

ROOT, NAME, PORT = sys.argv[1:4]
UNIT = f"{ROOT}/usr/lib/systemd/system/schoolgate.service"
SOCKET = "/run/notify-test"
# As TimeoutStartSec of the unit: a first start compiles the lists. A debug binary is slow at it.
READY_WITHIN = 300
CAP_NET_BIND_SERVICE = 1 << 10


class Unit(configparser.RawConfigParser):
    """A unit file; the last of several equal keys stands, which is enough for the keys read here."""

    optionxform = staticmethod(str)

    def __init__(self):
        super().__init__(strict=False, interpolation=None)
        self.read(UNIT)


def fail(why):
    sys.exit(f"gate.py: {why}")


def in_root(*command, **more):
    return subprocess.run(["chroot", ROOT, *command], text=True, capture_output=True, check=False, **more)


def wait_for(notify, wanted, gate, seconds):
    """Reads messages until one has the line `wanted`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if select.select([notify], [], [], 0.2)[0]:
            lines = notify.recv(4096).decode().split("\n")
            if wanted in lines:
                return
        elif gate.poll() is not None:
            fail(f"it ended with {gate.returncode} before it said {wanted}")
    fail(f"it did not say {wanted} within {seconds} s")


def made_folders(service):
    """What StateDirectory and RuntimeDirectory make, and the variables that name them."""
    variables = {}
    for key, above in (("StateDirectory", "/var/lib"), ("RuntimeDirectory", "/run")):
        path = f"{above}/{service[key]}"
        made = in_root("install", "-d", "-o", service["User"], "-g", service["Group"], "-m", service[key + "Mode"], path)
        if made.returncode:
            fail(made.stderr)
        variables[key.replace("Directory", "_DIRECTORY").upper()] = path
    return variables


def capabilities(named):
    """As setpriv wants them."""
    return ",".join(["-all", *("+" + name.lower().removeprefix("cap_") for name in named.split())])


def check_credentials(pid, service):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    user = in_root("id", "-u", service["User"]).stdout.strip()
    if set(status["Uid"].split()) != {user} or user == "0":
        fail(f"it runs as {status['Uid']}, not as {service['User']} ({user})")
    for which in ("CapEff", "CapPrm", "CapBnd"):
        if int(status[which], 16) != CAP_NET_BIND_SERVICE:
            fail(f"{which} is {status[which]}: more or less than CAP_NET_BIND_SERVICE")
    if status["NoNewPrivs"] != "1":
        fail("it could gain privileges")


def ask(*more):
    answer = subprocess.run(
        ["dig", "@127.0.0.1", "-p", PORT, "+tries=1", "+timeout=5", *more, NAME, "A"], text=True, capture_output=True, check=False
    ).stdout
    if "status: NXDOMAIN" not in answer or "EDE: 17" not in answer:
        fail(f"{NAME} was not blocked with EDE 17:\n{answer}")


def main():
    service = Unit()["Service"]
    path = ROOT + SOCKET
    if os.path.exists(path):
        os.unlink(path)
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    os.chmod(path, 0o777)

    ambient, bounding = (capabilities(service[key]) for key in ("AmbientCapabilities", "CapabilityBoundingSet"))
    command = ["setpriv", f"--reuid={service['User']}", f"--regid={service['Group']}", "--init-groups", "--no-new-privs"]
    command += [f"--inh-caps={ambient}", f"--ambient-caps={ambient}", f"--bounding-set={bounding}", "--"]
    command += shlex.split(service["ExecStart"])
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "NOTIFY_SOCKET": SOCKET, **made_folders(service)}
    with open(f"{ROOT}/run/gate.log", "w+", encoding="utf-8") as log:
        inside = ["chroot", ROOT, "sh", "-c", f"umask {service['UMask']}; cd {service['WorkingDirectory']}; exec \"$@\"", "sh"]
        gate = subprocess.Popen([*inside, *command], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            started = time.monotonic()
            wait_for(notify, "READY=1", gate, READY_WITHIN)
            print(f"ready after {time.monotonic() - started:.1f} s")
            check_credentials(gate.pid, service)
            print(f"runs as {service['User']} with CAP_NET_BIND_SERVICE and nothing else")
            ask()
            ask("+tcp")
            print(f"{NAME} is blocked over UDP and TCP on port {PORT}")
            gate.send_signal(signal.SIGHUP)
            wait_for(notify, "RELOADING=1", gate, 30)
            wait_for(notify, "READY=1", gate, READY_WITHIN)
            print("said that it reloads, and that it is ready again")
            gate.send_signal(signal.SIGTERM)
            wait_for(notify, "STOPPING=1", gate, 30)
            if code := gate.wait(timeout=30):
                fail(f"it ended with {code} after SIGTERM")
            print("said that it stops, and ended with 0")
        except BaseException:
            gate.kill()
            log.seek(0)
            print("--- what the gate said ---", log.read(), sep="\n", file=sys.stderr)
            raise


main()
