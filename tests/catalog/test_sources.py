"""Sources of figures and equations: each can be followed, and how far off predictions were reads as a sentence."""

import pytest

from sweep.catalog import sources
from sweep.errors import SweepError


def test_sources_have_reference():
    for source in sources.sources().values():
        assert len(source.reference) > 8, source.key
        assert "index file" not in source.reference, source.key


def test_source_without_reference_is_rejected(copied):
    with (copied / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write('nowhere: {title: "A rumour"}\n')
    with pytest.raises(SweepError, match="needs a title and a reference"):
        sources.sources()
