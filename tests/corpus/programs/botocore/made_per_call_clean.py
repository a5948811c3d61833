# connections: 2
"""Each is closed."""

import sys

import boto3

CLIENTS = []


def list_buckets(url: str) -> None:
    client = boto3.client(
        "s3",
        region_name="eu",
        endpoint_url=url,
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    CLIENTS.append(client)
    client.head_bucket(Bucket="b")
    client.close()


for _ in range(2):
    list_buckets(sys.argv[1])
