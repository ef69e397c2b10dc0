"""An S3 server as the cases see it: places of their own in one bucket, and machines that deploy from there."""

import io
import itertools
import json
import os

import boto3
import botocore.config

from machine import Machine, pack, until

BUCKET = "c2-tests"


class Store:
    """One server; boto3 seeds it and gives the second opinion on what it holds."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        config = botocore.config.Config(s3={"addressing_style": "path"}, max_pool_connections=16)
        self.client = boto3.client("s3", endpoint_url=endpoint, config=config)
        self.client.create_bucket(Bucket=BUCKET)
        self._numbers = itertools.count()

    def place(self, bucket=BUCKET):
        """A prefix of the bucket that no other case uses."""
        return Place(self, bucket, f"place-{next(self._numbers)}")


class Place:
    """A prefix in a bucket, with releases below `releases/`."""

    def __init__(self, store, bucket, prefix):
        self.store = store
        self.bucket = bucket
        self.prefix = prefix

    def url(self, key):
        return f"s3://{self.bucket}/{self.prefix}/{key}"

    def put(self, key, body):
        body = body.encode() if isinstance(body, str) else body
        self.store.client.put_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}", Body=body)

    def get(self, key):
        return self.store.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")["Body"].read()

    def put_release(self, name, files):
        buffer = io.BytesIO()
        pack(buffer, files)
        self.put(f"releases/{name}", buffer.getvalue())
        return buffer.getvalue()

    def put_later(self, key, body, than):
        """Puts an object until its time, which has whole seconds, is later than that of the key `than`."""

        def is_later():
            self.put(key, body)
            return self.modified(key) > self.modified(than)

        until(is_later, f"{key} is newer than {than}")

    def modified(self, key):
        return self.store.client.head_object(Bucket=self.bucket, Key=f"{self.prefix}/{key}")["LastModified"]

    def machine(self, config_sources=(), endpoint=None, environment=None, **config):
        """A machine with this place's releases; `config_sources` are names of JSON objects put at `context/NAME.json`."""
        sources = {name: {"s3": self.url(f"context/{name}.json")} for name in config_sources}
        secret = os.environ["AWS_SECRET_ACCESS_KEY"]
        machine = Machine(
            {"s3": self.url("releases")},
            sources,
            {
                "S3_ENDPOINT": endpoint or self.store.endpoint,
                "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
                "AWS_SECRET_ACCESS_KEY": secret,
                **(environment or {}),
            },
            **config,
        )
        machine.never_shown = [secret, "X-Amz-Signature", "X-Amz-Credential", "Signature="]
        return machine

    def put_context(self, name, value):
        self.put(f"context/{name}.json", json.dumps(value))
