# connections: 1
"""The client is closed."""

import io
import sys

import boto3
from boto3.s3.transfer import TransferConfig

CLIENT = boto3.client(
    "s3",
    region_name="eu",
    endpoint_url=sys.argv[1],
    aws_access_key_id="x",
    aws_secret_access_key="y",
)
TO = io.BytesIO()
SETTINGS = TransferConfig(max_concurrency=1)
CLIENT.download_fileobj("bytes", "1000", TO, Config=SETTINGS)
assert len(TO.getvalue()) == 1000
CLIENT.close()
