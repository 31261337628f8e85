"""An S3 server on this machine, and an empty bucket in it for each test."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection

import pytest

BUCKETS = itertools.count()


def answer(address, method, path):
    """The status of a request, None where nobody answers."""
    with closing(HTTPConnection(address, timeout=10)) as connection:
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except OSError:
            return None


@pytest.fixture(scope="session")
def server():
    """The address of a process that answers as S3 does."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while answer(f"127.0.0.1:{port}", "GET", "/") is None and time.monotonic() < until:
        time.sleep(0.05)
    yield f"127.0.0.1:{port}"
    os.kill(process.pid, signal.SIGTERM)
    process.wait()


@pytest.fixture
def make_bucket(server, monkeypatch):
    """Makes a bucket, to which the environment gives access."""
    environment = {"ENDPOINT_URL": f"http://{server}", "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "us-east-1"}
    environment["METADATA_ENDPOINT"] = "http://127.0.0.1:9"  # no test may ask a cloud's own address for a key
    for key, value in environment.items():
        monkeypatch.setenv(f"AWS_{key}", value)

    def make(name):
        assert answer(server, "PUT", f"/{name}") == 200
        return f"s3://{name}"

    return make


@pytest.fixture
def bucket(make_bucket):
    """The address of a new bucket."""
    return make_bucket(f"bucket-{next(BUCKETS)}")
