# cause: C
# report: botocore #1370
# library: botocore
# connections: 2
# leaks: 2
# kind: unclosed
# owner: botocore.client.S3
# held_by: __main__.OBJECTS[0] | Object.meta … | S3
"""An object of a resource keeps the client that nobody sees."""

import sys

import boto3

OBJECTS = []


def load(key: str) -> None:
    resource = boto3.resource(  # made here
        "s3",
        region_name="eu",
        endpoint_url=sys.argv[1],
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    OBJECTS.append(resource.Object("bytes", key))
    OBJECTS[-1].load()  # opened here


load("10")
load("20")
