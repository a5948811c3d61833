# cause: C
# report: google-auth #658
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: requests.Session
# held_by: __main__.REQUEST | Request.session | Session
# needs: google.auth
"""The transport that refreshes a credential has a session that nobody sees."""

import sys

from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials

CREDENTIALS = Credentials(
    None,
    refresh_token="none",
    token_uri=f"{sys.argv[1]}token",
    client_id="none",
    client_secret="none",
)
REQUEST = Request()  # made here
CREDENTIALS.refresh(REQUEST)  # opened here
assert CREDENTIALS.token == "of-the-corpus"
