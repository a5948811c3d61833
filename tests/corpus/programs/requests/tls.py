# cause: A
# report: psf/requests #5002
# server: https
# needs: trustme
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# host: localhost
# requests: 2
# held_by: __main__.SESSION | Session
"""TLS takes the descriptor over from the socket that connected."""

import sys
import warnings

import requests

warnings.simplefilter("ignore")
URL = f"https://localhost:{sys.argv[2].partition(':')[2]}/"


def make() -> requests.Session:
    session = requests.Session()  # made here
    session.trust_env = session.verify = False
    return session


SESSION = make()
SESSION.get(URL, timeout=5)  # opened here
SESSION.get(URL, timeout=5)  # used here
