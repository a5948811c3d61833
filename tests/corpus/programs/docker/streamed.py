# cause: B
# report: docker-py #2766
# needs: docker
# library: requests
# connections: 1
# leaks: 1
# kind: unread
# also: unclosed
# owner: docker.DockerClient
"""The statistics of a container are a stream that nobody ends."""

import sys
from urllib.parse import urlsplit

import docker

CLIENT = docker.DockerClient(  # made here
    base_url=f"tcp://{urlsplit(sys.argv[1]).netloc}/stream", version="1.40"
)
STATS = CLIENT.api.events()
assert next(iter(STATS))
