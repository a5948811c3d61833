# cause: H
# report: elasticsearch-py #2349
# needs: elasticsearch
# library: urllib3
# connections: 2
# leaks: 2
# kind: unclosed
# owner: elasticsearch.Elasticsearch
# requests: 1 2
# held_by: __main__.CLIENTS['a'] | Elasticsearch.transport | Transport.node_pool | NodePool._all_nodes[NodeConfig] | Urllib3HttpNode.pool | HTTPConnectionPool
"""A registry of clients, one for each index."""

import sys

from elasticsearch import Elasticsearch, UnsupportedProductError

CLIENTS = {}
for index in ("a", "b", "a"):
    if index not in CLIENTS:
        CLIENTS[index] = Elasticsearch(sys.argv[1])  # made here
    try:
        CLIENTS[index].perform_request("GET", f"/{index}")  # opened here
    except UnsupportedProductError:
        continue  # the server says nothing of itself
