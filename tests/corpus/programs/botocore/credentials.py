# cause: C
# report: azure-identity #36959
# library: botocore
# connections: 2
# leaks: 1
# kind: unclosed
# owner: botocore.httpsession.URLLib3Session
"""The credentials of a container come through a session that `close()` does not reach."""

import os
import sys

import boto3

os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = sys.argv[1] + "token"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
CLIENT = boto3.client(  # made here
    "s3", region_name="eu", endpoint_url=sys.argv[1]
)
CLIENT.head_bucket(Bucket="b")
CLIENT.close()
