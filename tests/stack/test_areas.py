"""The same code serves another area."""

from pathlib import Path

from tests.stack.running_stack import Stack, services


def test_lewisham_is_served_by_the_same_code(prepared: None, tmp_path: Path) -> None:
    stack = Stack(tmp_path, {"AREA": "lewisham"})
    stack.start()
    try:
        answer = stack.ask("I need a food bank in Catford")
        assert answer["understood"]["place"] == "Catford"
        shown = services(answer)
        assert any("AFRIL" in service["name"] for service in shown)
        assert not any(set(service["serves"]) & {"Cambridgeshire", "Cambridge", "Fenland"} for service in shown)
        outside = stack.ask("I need a food bank in Wisbech")
        assert outside["understood"]["place"] is None
    finally:
        stack.stop()
