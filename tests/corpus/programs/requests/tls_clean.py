# server: https
# needs: trustme
# connections: 2
"""Sessions that are closed, and one that is only dropped: TLS goes with it."""

import sys
import warnings

import requests

warnings.simplefilter("ignore")
URL = f"https://localhost:{sys.argv[2].partition(':')[2]}/"


def make() -> requests.Session:
    session = requests.Session()
    session.trust_env = session.verify = False
    return session


make().get(URL, timeout=5)
SESSION = make()
SESSION.get(URL, timeout=5)
SESSION.get(URL, timeout=5)
SESSION.close()
