"""A model fetched by its name: from a server of the test, and what is said where there is none."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from sweep.catalog import hub
from sweep.cli import main
from sweep.errors import SweepError

GPT_2 = {"model_type": "gpt2", "n_embd": 768, "n_head": 12, "n_layer": 12, "n_positions": 1024, "vocab_size": 50257}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        content = json.dumps(GPT_2).encode()
        code = {"/open/model/resolve/main/config.json": 200, "/gated/model/resolve/main/config.json": 401}.get(self.path, 404)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(content if code == 200 else b"")

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    found = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{found.server_port}")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.mark.usefixtures("server")
def test_import_fetches_model_by_name():
    done = CliRunner().invoke(main, ["import", "model", "open/model"])
    assert done.exit_code == 0
    assert done.output.splitlines()[0] == 'title: "open/model"'
    assert 'hidden_size: {value: 768, derived: "n_embd of open/model/config.json"}' in done.output


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("name", "words"), [("gated/model", "asks for a login"), ("none/model", "there is no such model")])
def test_import_reports_model_that_hub_does_not_give(name, words):
    done = CliRunner().invoke(main, ["import", "model", name])
    assert done.exit_code == 2
    assert words in done.output
    assert "download its config.json" in done.output


def test_import_reports_hub_out_of_reach(server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SweepError, match="cannot be reached"):
        hub.config_text("open/model")
    monkeypatch.setenv("HF_ENDPOINT", "file:///etc")
    with pytest.raises(SweepError, match="no address of the web"):
        hub.config_text("open/model")
