"""A Postfix of its own on this machine, from Debian's package: what it takes goes to two ports of this machine, nothing leaves it."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from carillon.engines.home import EngineError
from carillon.engines.programs import ensure, find

MAIN = """compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.test.example
mydomain = test.example
myorigin = test.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
default_transport = error:5.7.1 nothing leaves this machine
transport_maps = regexp:{home}/etc/transport
local_recipient_maps =
relay_domains = sink.example, bounces.example.com
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_host_lookup = native
disable_dns_lookups = yes
smtp_dns_support_level = disabled
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
alias_maps =
alias_database =
notify_classes =
smtpd_client_connection_count_limit = {limit}
smtpd_client_event_limit_exceptions =
"""
# name, type, private, unprivileged, chroot, wake-up, most, command (master(5))
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
flush unix n - n 1000? 0 flush
verify unix - - n - 1 verify
showq unix n - n - - showq
smtp unix - - n - - smtp
relay unix - - n - - smtp
local unix - n n - - local
discard unix - - n - - discard
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
"""


@contextlib.contextmanager
def postfix(*, sink: int, bounces: int, limit: int = 50) -> Iterator[int]:
    """Its port. Mail for sink.example goes to the one port of this machine, for bounces.example.com to the other. `limit`:
    connections that it takes of one client, 50 as usual."""
    try:
        ensure(["Postfix"])
    except EngineError as error:
        pytest.fail(str(error))
    if os.geteuid():
        pytest.fail("Postfix starts as root only, to give its processes another user. Run the tests as root, as CI does.")
    home = Path(tempfile.mkdtemp(prefix="carillon-postfix-"))
    home.chmod(0o755)  # its processes are another user's
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def of(name: str) -> str:
        return subprocess.run([find("postconf"), "-d", "-h", name], capture_output=True, text=True, check=True).stdout.strip()

    for folder in ("etc", "queue", "data"):
        (home / folder).mkdir()
    (home / "etc/main.cf").write_text(MAIN.format(home=home, limit=limit, commands=of("command_directory"), daemons=of("daemon_directory")))
    (home / "etc/master.cf").write_text(MASTER.format(port=port))
    (home / "etc/dynamicmaps.cf").write_text("")
    (home / "etc/transport").write_text(f"/@bounces\\.example\\.com$/ smtp:[127.0.0.1]:{bounces}\n/@sink\\.example$/ smtp:[127.0.0.1]:{sink}\n")
    os.chown(home / "data", pwd.getpwnam("postfix").pw_uid, -1)
    control = [find("postfix"), "-c", str(home / "etc")]
    done = subprocess.run([*control, "start"], capture_output=True, text=True, check=False)
    try:
        if done.returncode:
            pytest.fail(f"Postfix did not start: {done.stdout}{done.stderr}{_log(home)}")
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > until:
                    pytest.fail(f"Postfix does not answer: {_log(home)}")
                time.sleep(0.05)
        yield port
    except BaseException as error:
        error.add_note(_log(home))  # what Postfix did is half of any failure
        raise
    finally:
        subprocess.run([*control, "stop"], capture_output=True, check=False)
        shutil.rmtree(home, ignore_errors=True)


def _log(home: Path) -> str:
    path = home / "mail.log"
    return path.read_text()[-4_000:] if path.exists() else ""
