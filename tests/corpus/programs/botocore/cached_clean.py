# connections: 2
"""The cache is emptied with care."""

import functools
import sys

import boto3


@functools.cache
def client(tenant: str) -> object:
    return boto3.client(
        "s3",
        region_name="eu",
        endpoint_url=sys.argv[1],
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )


for tenant in ("a", "b", "a"):
    client(tenant).head_bucket(Bucket=tenant)
for tenant in ("a", "b"):
    client(tenant).close()
client.cache_clear()
