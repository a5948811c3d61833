# connections: 1
# needs: azure.identity
"""A credential is closed as well as what it is for."""

import gc
import os
import sys

os.environ["IDENTITY_ENDPOINT"] = f"{sys.argv[1]}token"
os.environ["IDENTITY_HEADER"] = "none"

from azure.identity import ManagedIdentityCredential

gc.disable()


def token() -> str:
    with ManagedIdentityCredential() as credential:
        return credential.get_token("https://none/.default").token


assert token() == "of-the-corpus"
