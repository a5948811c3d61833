# connections: 1
# needs: azure.core
"""A client whose transport makes its session at the first request, in a block."""

import sys

from azure.core import PipelineClient
from azure.core.rest import HttpRequest

with PipelineClient(sys.argv[1], policies=[]) as client:
    assert client.send_request(HttpRequest("GET", sys.argv[1])).status_code == 200
