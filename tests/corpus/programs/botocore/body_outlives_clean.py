# connections: 1
"""The body is closed, too."""

import sys

import boto3

CLIENT = boto3.client(
    "s3",
    region_name="eu",
    endpoint_url=sys.argv[1],
    aws_access_key_id="x",
    aws_secret_access_key="y",
)
BODY = CLIENT.get_object(Bucket="bytes", Key="1000000")["Body"]
CLIENT.close()
BODY.close()
