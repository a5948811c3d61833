# cause: A
# report: azure-identity #36959
# library: requests
# connections: 2
# leaks: 2
# kind: orphan
# owner: azure.identity.ManagedIdentityCredential
# needs: azure.identity
"""A credential made for each call and dropped: a cycle keeps its session."""

import gc
import os
import sys

os.environ["IDENTITY_ENDPOINT"] = f"{sys.argv[1]}token"
os.environ["IDENTITY_HEADER"] = "none"

from azure.identity import ManagedIdentityCredential

gc.disable()


def token() -> str:
    credential = ManagedIdentityCredential()  # made here
    return credential.get_token("https://none/.default").token  # opened here


for _ in range(2):
    assert token() == "of-the-corpus"
