# cause: F
# report: curl_cffi #665
# library: pycurl
# needs: pycurl
# connections: 1
# leaks: 1
# kind: unclosed
# also: close_wait
# owner: pycurl.Curl
# held_by: __main__.HANDLE | Curl
"""The server closes an idle connection; libcurl looks at the next load, and none comes."""

import os
import sys
import time
from urllib.parse import urlsplit

import pycurl

HANDLE = pycurl.Curl()  # made here


def own() -> set[str]:
    """Return the inodes of this process's sockets."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}")[8:-1])
        except OSError:
            continue
    return found


def wait_for_end(port: int) -> None:
    """Wait until the server has closed the connection."""
    peer = f":{port:04X}"
    for _ in range(500):
        with open("/proc/self/net/tcp") as table:
            rows = [line.split() for line in table]
        # Other programs talk to the same server: the inode says which socket is ours.
        if any(row[2].endswith(peer) and row[3] == "08" and row[9] in own() for row in rows):
            return
        time.sleep(0.01)
    sys.exit("the server closes nothing")


HANDLE.setopt(pycurl.URL, f"{sys.argv[1]}close")
HANDLE.setopt(pycurl.WRITEFUNCTION, lambda data: None)
HANDLE.perform()  # opened here
wait_for_end(urlsplit(sys.argv[1]).port or 80)
