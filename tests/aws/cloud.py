"""AWS as the cases see it: machines whose services are those of one server, and programs that note how they are called."""

import json
import os

import boto3

from machine import Machine

# A program that notes its arguments, environment and standard input, and fails where it is told to.
PROGRAM = """#!/usr/bin/env python3
import json, os, sys
call = {"arguments": sys.argv[1:], "environment": dict(os.environ), "stdin": sys.stdin.read()}
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(call) + "\\n")
print("what the program prints")
sys.exit(os.environ.get("PROGRAM_FAILS", 0) and "the program says why")
"""


class Cloud:
    """One server that stands in for the services of AWS."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client(self, service, **options):
        return boto3.client(service, endpoint_url=self.endpoint, **options)

    def machine(self, **environment):
        """A machine without a configuration whose programs note their calls."""
        secret = os.environ["AWS_SECRET_ACCESS_KEY"]
        machine = CloudMachine(
            None,
            environment={
                "AWS_ACCESS_KEY_ID": os.environ["AWS_ACCESS_KEY_ID"],
                "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_REGION": "eu-west-1",
                "AWS_ENDPOINT_URL": self.endpoint,
                "CAMUS2_CONFIG": "/nonexistent.json",
                **environment,
            },
        )
        machine.never_shown += [secret, "Signature="]
        return machine


class CloudMachine(Machine):
    """A machine with a folder of programs before all others on its PATH."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.programs = self.root / "programs"
        self.programs.mkdir()
        self.environment["PATH"] = f"{self.programs}:{self.environment['PATH']}"
        self.environment["CALLS"] = str(self.root / "calls")

    def program(self, name, text=PROGRAM):
        """Puts a program on the PATH and returns its path."""
        path = self.programs / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def calls(self):
        """How the programs were called, in order."""
        path = self.root / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
