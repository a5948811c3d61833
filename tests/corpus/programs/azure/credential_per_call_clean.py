# connections: 2
# needs: azure.identity
"""A credential made for each call, and closed."""

import gc
import os
import sys

os.environ["IDENTITY_ENDPOINT"] = f"{sys.argv[1]}token"
os.environ["IDENTITY_HEADER"] = "none"

from azure.identity import ManagedIdentityCredential

gc.disable()


def token() -> str:
    credential = ManagedIdentityCredential()
    try:
        return credential.get_token("https://none/.default").token
    finally:
        credential.close()


for _ in range(2):
    assert token() == "of-the-corpus"
