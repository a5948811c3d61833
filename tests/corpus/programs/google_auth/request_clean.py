# connections: 1
# needs: google.auth
"""The transport that refreshes a credential has a session, which is closed."""

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
REQUEST = Request()
CREDENTIALS.refresh(REQUEST)
assert CREDENTIALS.token == "of-the-corpus"
REQUEST.session.close()
