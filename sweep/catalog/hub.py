"""A model's config.json from the Hugging Face hub. What belongs here: a model's name to the text of its file, over the network."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request

from sweep.catalog.document import LARGEST
from sweep.errors import SweepError

HUB = "https://huggingface.co"  # HF_ENDPOINT, where it is set, names a mirror
NAME = re.compile(r"[\w.-]+/[\w.-]+")
PATIENCE = 20  # seconds
REASONS = {
    401: "asks for a login, or there is no such model",
    403: "asks for a login",
    404: "there is no such model, or it has no config.json",
}


def config_text(name: str) -> str:
    """The config.json of a model such as Qwen/Qwen3-8B; a SweepError says why it cannot be had."""
    address = f"{os.environ.get('HF_ENDPOINT', HUB).rstrip('/')}/{name}/resolve/main/config.json"
    if not address.startswith(("https://", "http://")):
        raise SweepError(f"HF_ENDPOINT: {address} is no address of the web")
    instead = "download its config.json and name the file"
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            content = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise SweepError(f"{address}: {REASONS.get(error.code, f'answers {error.code}')}; {instead}") from None
    except OSError as error:
        raise SweepError(f"{address}: cannot be reached: {getattr(error, 'reason', error)}; {instead}") from None
    if len(content) > LARGEST:
        raise SweepError(f"{address}: is larger than {LARGEST >> 20} MiB, the largest that is read")
    return str(content.decode("utf-8", errors="replace"))
