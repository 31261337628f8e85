"""The served cube, asked as browsers and other programs ask: pages, keys, views, limits; and read by xarray over HTTP."""

import http.client
import json
import shutil
import socket
import subprocess
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import uvicorn
import xarray

from sweep.serve import app

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def address(cube):
    """A server on a free port of this machine, until the tests of this file are done."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app.application(cube, ["127.0.0.1"]), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def ask(address, path, method="GET", **headers):
    """The answer to a request whose path is sent as it is, and its content."""
    with closing(http.client.HTTPConnection(address.removeprefix("http://"))) as connection:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer, answer.read()


def test_app_shows_the_page_and_nothing_else_of_its_folder(address):
    assert b"<canvas" in ask(address, "/")[1]
    assert ask(address, "/explorer.js")[0].headers["content-type"].startswith("text/javascript")
    for path in ("/keys.py", "/../keys.py", "/..%2fkeys.py", "/page/index.html"):
        assert ask(address, path)[0].status == 404, path


@pytest.mark.parametrize("key", ["../../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "it_power/c/9", "..%5c..%5cx"])
def test_app_answers_no_key_that_the_cube_does_not_have(address, key):
    answer, content = ask(address, f"/cube.zarr/{key}")
    assert answer.status == 404
    assert b"root:" not in content


def test_app_tells_the_size_of_a_chunk_without_computing_it(address):
    answer, content = ask(address, "/cube.zarr/it_power/c/0", "HEAD")
    assert (answer.headers["content-length"], content) == ("16", b"")
    assert len(ask(address, "/cube.zarr/it_power/c/0")[1]) == 16
    assert ask(address, "/cube.zarr/it_power/c/7", "HEAD")[0].status == 404


def test_app_says_what_is_wrong_with_a_view_in_one_line(address):
    answer, content = ask(address, "/view?quantity=it_power&x=gpu")
    assert answer.status == 400
    assert "did you mean 'gpus'" in json.loads(content)["error"]


def test_app_refuses_other_hosts_long_addresses_and_writing(address):
    assert ask(address, "/", host="elsewhere.example")[0].status == 400
    assert ask(address, "/view?quantity=" + "x" * app.LONGEST)[0].status == 414
    assert ask(address, "/cube.zarr/it_power/c/0", "PUT")[0].status == 405
    assert ask(address, "/study")[0].headers["x-content-type-options"] == "nosniff"


def test_app_serves_a_store_that_plain_xarray_reads(address, cube):
    with xarray.open_zarr(f"{address}/cube.zarr") as read:
        assert read.attrs["title"] == "A small cluster"
        for name in cube.variables:
            np.testing.assert_array_equal(read[name].values, cube[name].values)
        assert read.facility_power.sel(gpus=24, pue=1.4, method="nearest").attrs["units"] == "W"


ZARRITA = """
import * as zarr from "zarrita";
const [address, ...names] = process.argv.slice(1);
const root = await zarr.open.v3(new zarr.FetchStore(address), { kind: "group" });
const found = {};
for (const name of names) {
  const array = await zarr.open.v3(root.resolve(name), { kind: "array" });
  const { data, shape } = await zarr.get(array);
  found[name] = { shape, units: array.attrs.units, values: Array.from(data, String) };
}
console.log(JSON.stringify(found));
"""


@pytest.mark.skipif(not (shutil.which("node") and (ROOT / "node_modules" / "zarrita").exists()), reason="no zarrita.js on this machine")
def test_app_serves_a_store_that_zarrita_reads(address, cube):
    names = [str(name) for name, variable in cube.variables.items() if variable.dtype.kind in "fiu"]
    command = ["node", "--input-type=module", "--eval", ZARRITA, f"{address}/cube.zarr", *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for name, read in json.loads(done.stdout).items():
        assert read["units"] == cube[name].attrs["units"]
        assert read["shape"] == list(cube[name].shape)
        np.testing.assert_array_equal(np.array(read["values"], float).reshape(read["shape"]), cube[name].values.astype(float))


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("", "facility power [kW]"),
        ("#quantity=it_power&kind=lines&x=gpus", "it power [kW]"),
        ("#quantity=facility_power&kind=pareto&second=it_power&x=gpus", "facility power [kW] against it power [kW]"),
        ("#quantity=facility_power&kind=lines&x=pue&at.gpus=3", "facility power [kW]"),
    ],
)
def test_page_draws_what_its_link_says(address, tmp_path, link, said):
    quiet = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
    command = [str(CHROMIUM), *quiet, f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom", f"{address}/{link}"]
    page = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    assert 'data-ready="yes"' in page
    assert f'<figcaption id="caption">{said}</figcaption>' in page
    if "at.gpus" in link:
        assert 'id="label.gpus">24</output>' in page
