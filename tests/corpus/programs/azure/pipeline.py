# cause: C
# report: azure-identity #36959
# library: requests
# connections: 1
# leaks: 1
# kind: unclosed
# owner: azure.core.PipelineClient
# held_by: __main__.CLIENT | PipelineClient._pipeline | Pipeline._transport | RequestsTransport.session | Session
# needs: azure.core
"""A client whose transport makes its session at the first request."""

import sys

from azure.core import PipelineClient
from azure.core.rest import HttpRequest

CLIENT = PipelineClient(sys.argv[1], policies=[])  # made here
REPLY = CLIENT.send_request(HttpRequest("GET", sys.argv[1]))  # opened here
assert REPLY.status_code == 200
