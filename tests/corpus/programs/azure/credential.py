# cause: C
# report: azure-identity #36959
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: azure.identity.ManagedIdentityCredential
# needs: azure.identity
"""A credential has a session of its own, which nobody thinks of closing."""

import gc
import os
import sys

os.environ["IDENTITY_ENDPOINT"] = f"{sys.argv[1]}token"
os.environ["IDENTITY_HEADER"] = "none"

from azure.identity import ManagedIdentityCredential

gc.disable()


class App:
    def __init__(self) -> None:
        self.credential = ManagedIdentityCredential()  # made here

    def token(self) -> str:
        return self.credential.get_token("https://none/.default").token  # opened here


APP = App()
assert APP.token() == "of-the-corpus"
