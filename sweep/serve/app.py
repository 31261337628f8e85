"""The application that serves a cube. What belongs here: addresses, limits and headers.

`/cube.zarr/` is the cube as a Zarr store, `/` a page that shows it, `/study` and `/view` what that page asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

import anyio.to_thread
import xarray
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sweep.errors import SweepError
from sweep.serve import explorer
from sweep.serve.keys import Keys

AT_ONCE = 4  # chunks or views that are computed at the same time; others wait
LONGEST = 4096  # characters of an address
PAGE = {"": "index.html", "explorer.js": "explorer.js", "explorer.css": "explorer.css"}
KINDS = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
HEADERS = {
    "Cache-Control": "no-store",  # the next study that is served stands at the same address
    "Content-Security-Policy": "default-src 'self'",
    "X-Content-Type-Options": "nosniff",
}


def application(cube: xarray.Dataset, hosts: list[str]) -> Starlette:
    """Serve a cube, stored or virtual, to requests for one of the `hosts`; "*" is any."""
    keys = Keys(cube)
    limit = anyio.CapacityLimiter(AT_ONCE)
    files = {name: resources.files("sweep.serve").joinpath("page", file).read_bytes() for name, file in PAGE.items()}

    async def computed(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return await anyio.to_thread.run_sync(function, *arguments, limiter=limit)
        except SweepError as error:
            raise HTTPException(400, str(error)) from None

    async def page(request: Request) -> Response:
        name = request.path_params.get("name", "")
        if name not in files:
            raise HTTPException(404, f"there is no {name} here; the cube is under /cube.zarr/")
        return Response(files[name], media_type=KINDS[PAGE[name].rpartition(".")[2]])

    async def key(request: Request) -> Response:
        asked = request.path_params["key"]
        if request.method == "HEAD":
            size = keys.size(asked)
            return Response(status_code=404) if size is None else Response(headers={"Content-Length": str(size)})
        found = await computed(keys.get, asked)
        if found is None:
            raise HTTPException(404, "the cube has no such key")
        return Response(found, media_type="application/json" if asked.endswith(".json") else "application/octet-stream")

    async def study(request: Request) -> Response:
        return JSONResponse(explorer.described(cube))

    async def view(request: Request) -> Response:
        return JSONResponse(await computed(explorer.view_of, cube, dict(request.query_params)))

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": error.detail}, error.status_code)

    routes = [
        Route("/study", study),
        Route("/view", view),
        Route("/cube.zarr/{key:path}", key),
        Route("/", page),
        Route("/{name}", page),
    ]
    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=hosts), Middleware(Guard)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers={HTTPException: refused})


class Guard:
    """Refuses addresses that are too long, and gives every answer the headers that all have."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *((k.lower().encode(), v.encode()) for k, v in HEADERS.items())]
            await send(message)

        if len(scope["path"]) + len(scope["query_string"]) > LONGEST:
            await JSONResponse({"error": f"an address has at most {LONGEST} characters"}, 414)(scope, receive, with_headers)
            return
        await self.app(scope, receive, with_headers)
