#!/usr/bin/env python3
"""Waits until an S3 server takes a real PUT: `ready.py ENDPOINT PID`. Fails when its process ends or 60 s are over."""

import os
import sys
import time

import boto3
import botocore.config


def main() -> None:
    endpoint, pid = sys.argv[1], int(sys.argv[2])
    config = botocore.config.Config(
        connect_timeout=2, read_timeout=5, retries={"max_attempts": 1}, s3={"addressing_style": "path"}
    )
    client = boto3.client("s3", endpoint_url=endpoint, config=config)
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket="ready")
            client.put_object(Bucket="ready", Key="ready", Body=b"ready")
            return
        except Exception as error:  # whatever a server says while it starts
            if time.monotonic() > deadline:
                sys.exit(f"no PUT worked within 60 s: {error}")
            os.kill(pid, 0)
            time.sleep(0.1)


main()
