# cause: B
# report: aiobotocore #1061
# library: botocore
# connections: 1
# leaks: 1
# kind: unread
# owner: botocore.client.S3
# held_by: __main__.BODY | StreamingBody._raw_stream … | HTTPResponse
"""The client is closed; the body that was handed out is neither read nor closed."""

import sys

import boto3

CLIENT = boto3.client(  # made here
    "s3",
    region_name="eu",
    endpoint_url=sys.argv[1],
    aws_access_key_id="x",
    aws_secret_access_key="y",
)
BODY = CLIENT.get_object(Bucket="bytes", Key="1000000")["Body"]  # opened here
CLIENT.close()
