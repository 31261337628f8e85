"""The lowest versions that pyproject.toml declares, as constraints for pip: each lower bound as an exact version."""

import re
import tomllib
from pathlib import Path

# what the lowest matplotlib needs and does not bound: newer ones warn of names that it uses
BEYOND = ("pyparsing==3.1",)


def lowest(project: dict) -> list[str]:
    """name==version for each requirement with a lower bound, once each."""
    needs = [*project["dependencies"], *(need for extra in project["optional-dependencies"].values() for need in extra)]
    bounds = [re.fullmatch(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)", need) for need in needs]
    return [*dict.fromkeys(f"{bound[1]}=={bound[2]}" for bound in bounds if bound), *BEYOND]


if __name__ == "__main__":
    pyproject = Path(__file__).parents[1] / "pyproject.toml"
    print("\n".join(lowest(tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"])))
