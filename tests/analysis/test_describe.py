"""What there is, as records: every kind can be listed, everything listed can be shown, and what is unknown is answered."""

import pytest

from sweep.analysis import describe
from sweep.errors import SweepError


@pytest.mark.parametrize("kind", sorted(describe.kinds()))
def test_describe_names_each_listed_thing(kind):
    rows = describe.listed(kind)
    assert rows
    if kind != "studies":
        for row in (rows[0], rows[len(rows) // 2], rows[-1]):
            found = describe.named(row.get("name") or row["key"])
            assert any(record["name"] in row.values() for record in found)


def test_describe_quantity_lists_needs_users_and_source():
    (found,) = describe.named("facility_energy")
    assert set(found["needs"]) == {"training_energy", "effective_pue"}
    assert {"total_facility_energy", "operational_carbon"} <= set(found["used_by"])
    assert found["sources"]["article"].startswith("The Physics of AI")


def test_describe_rule_lists_guarded_quantities():
    (rule,) = describe.named("exceeds_memory")
    for name in rule["guards"]:
        assert "exceeds_memory" in describe.named(name)[0]["rules"]


def test_describe_source_lists_figures_and_equations():
    (found,) = describe.named("source/epoch")
    assert "gpu/h100-sxm" in found["figures_of"]
    (found,) = describe.named("source/article")
    assert "training_energy" in found["used_by"]


def test_describe_entry_lists_missing_figures():
    (found,) = describe.named("server/dgx-a100")
    assert "server_idle_power" in found["missing"]
    assert found["figures"]["server_nameplate_power"]["value"] == 6500


def test_describe_unknown_name_suggests_nearest():
    with pytest.raises(SweepError, match="did you mean 'facility_energy'"):
        describe.named("facility_enrgy")
    with pytest.raises(SweepError, match="did you mean 'gpus'"):
        describe.listed("gpu")
