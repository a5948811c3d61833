# cause: H
# report: s3fs #1028
# library: botocore
# connections: 2
# leaks: 2
# kind: unclosed
# owner: botocore.client.S3
# requests: 1 2
# held_by: __main__.client | cache of client() | S3
"""A client for each tenant, cached for ever."""

import functools
import sys

import boto3


@functools.cache
def client(tenant: str) -> object:
    return boto3.client(  # made here
        "s3",
        region_name="eu",
        endpoint_url=sys.argv[1],
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )


for tenant in ("a", "b", "a"):
    client(tenant).head_bucket(Bucket=tenant)  # opened here
