# connections: 1
"""Credentials that are given need no session."""

import os
import sys

import boto3

os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = sys.argv[1] + "token"
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
CLIENT = boto3.client(
    "s3", region_name="eu", endpoint_url=sys.argv[1],
    aws_access_key_id="x",
    aws_secret_access_key="y",
)
CLIENT.head_bucket(Bucket="b")
CLIENT.close()
