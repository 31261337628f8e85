"""`sweep serve`. What belongs here: a study or a cube at an address of this machine, until it is stopped."""

from __future__ import annotations

import socket
from contextlib import suppress

import click

from sweep.cli.options import overrides
from sweep.cli.rows import open_subject
from sweep.errors import SweepError

AT_MOST = 64  # connections
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command(short_help="Serve a study or a cube to browsers and other programs.", epilog="Example: sweep serve gpt4 --port 8000")
@click.argument("subject", metavar="STUDY|CUBE")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at; others than this machine see 0.0.0.0.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port; 0 takes a free one.")
@overrides
def serve(subject: str, host: str, port: int, set_: tuple[str, ...], axis: tuple[str, ...]) -> None:
    """Show a study or a cube in the browser, and offer it as a read-only Zarr store.

    A study of any size is served at once: only what is shown is computed. Without a password, so only to this machine unless --host says
    otherwise. ctrl-C ends it. From Python:

    \b
      xarray.open_zarr("http://127.0.0.1:8000/cube.zarr")
    """
    from sweep.cube.virtual import open_virtual
    from sweep.study.definition import Study

    try:
        import uvicorn

        from sweep.serve.app import application
    except ImportError:
        raise SweepError("serve needs starlette and uvicorn: pip install 'wattsweep[serve]'") from None
    opened = open_subject(subject, set_, axis, ())
    cube = open_virtual(opened) if isinstance(opened, Study) else opened
    hosts = list(LOOPBACK) if host in LOOPBACK else ["*"]
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SweepError(f"--host {host} --port {port}: {error.strerror}") from None
    at = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
    click.echo(f"{at}/ shows {subject}, {at}/cube.zarr is its Zarr store; ctrl-C ends")
    config = uvicorn.Config(application(cube, hosts), log_level="warning", limit_concurrency=AT_MOST)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


COMMANDS = (serve,)
