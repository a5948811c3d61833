# connections: 1
"""The body is a block, and the client closed."""

import sys

import boto3

client = boto3.client(
    "s3",
    region_name="eu",
    endpoint_url=sys.argv[1],
    aws_access_key_id="x",
    aws_secret_access_key="y",
)
found = client.get_object(Bucket="bytes", Key="1000000")
with found["Body"] as body:
    body.read(10)
client.close()
