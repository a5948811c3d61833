# connections: 2
"""The client is closed by way of the resource."""

import sys

import boto3

OBJECTS = []


def load(key: str) -> None:
    resource = boto3.resource(
        "s3",
        region_name="eu",
        endpoint_url=sys.argv[1],
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    OBJECTS.append(resource.Object("bytes", key))
    OBJECTS[-1].load()
    resource.meta.client.close()


load("10")
load("20")
