# needs: elasticsearch
# connections: 2
"""Each is closed."""

import sys

from elasticsearch import Elasticsearch, UnsupportedProductError

CLIENTS = {}
for index in ("a", "b", "a"):
    if index not in CLIENTS:
        CLIENTS[index] = Elasticsearch(sys.argv[1])
    try:
        CLIENTS[index].perform_request("GET", f"/{index}")
    except UnsupportedProductError:
        continue  # the server says nothing of itself
for client in CLIENTS.values():
    client.close()
