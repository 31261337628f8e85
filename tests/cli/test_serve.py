"""`sweep serve` listens where it says, and says what keeps it from that."""

import builtins
import socket
import subprocess
import sys
import time

import yaml

from tests.commands import SMALL, refused
from tests.serve.conftest import STUDY


def test_serve_command_prints_its_address_and_ends_when_interrupted(tmp_path):
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "sweep", "serve", str(tmp_path / "a.yaml"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("http://127.0.0.1:"), line
        port = int(line.split("/ shows")[0].rpartition(":")[2])
        for _ in range(200):
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        process.terminate()
        process.wait(30)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_serve_reports_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"--host 127.0.0.1 --port {port}: " in refused("serve", SMALL, "--port", port)


def test_serve_names_missing_packages(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "uvicorn":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "serve needs starlette and uvicorn: pip install 'wattsweep[serve]'" in refused("serve", SMALL)
