# needs: docker
# connections: 1
"""The client and its stream are closed."""

import sys
from urllib.parse import urlsplit

import docker

CLIENT = docker.DockerClient(
    base_url=f"tcp://{urlsplit(sys.argv[1]).netloc}/stream", version="1.40"
)
STATS = CLIENT.api.events()
assert next(iter(STATS))
STATS.close()
CLIENT.close()
