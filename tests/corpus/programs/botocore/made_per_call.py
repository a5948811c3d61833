# cause: C
# report: botocore #1370
# library: botocore
# connections: 2
# leaks: 2
# kind: unclosed
# owner: botocore.client.S3
# held_by: __main__.CLIENTS[0] | S3
"""A boto3 client made for each call; its session is out of sight."""

import sys

import boto3

CLIENTS = []


def list_buckets(url: str) -> None:
    client = boto3.client(  # made here
        "s3",
        region_name="eu",
        endpoint_url=url,
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    CLIENTS.append(client)
    client.head_bucket(Bucket="b")  # opened here


for _ in range(2):
    list_buckets(sys.argv[1])
