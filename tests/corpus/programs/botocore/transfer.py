# cause: A
# report: anthropic-sdk-python #84
# library: botocore
# connections: 1
# leaks: 1
# kind: unclosed
# owner: botocore.client.S3
# held_by: __main__.CLIENT | S3
"""A download runs in threads of the library's own; the line is the one that asked."""

import io
import sys

import boto3
from boto3.s3.transfer import TransferConfig

CLIENT = boto3.client(  # made here
    "s3",
    region_name="eu",
    endpoint_url=sys.argv[1],
    aws_access_key_id="x",
    aws_secret_access_key="y",
)
TO = io.BytesIO()
SETTINGS = TransferConfig(max_concurrency=1)
CLIENT.download_fileobj("bytes", "1000", TO, Config=SETTINGS)  # opened here
assert len(TO.getvalue()) == 1000
