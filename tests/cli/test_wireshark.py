"""``wireshark``: a script on stdout, made of the spec; `tests/traffic/test_dissector.py` has tshark run it."""

from __future__ import annotations

from tests.cli.conftest import Call


def test_a_script_is_written_for_spec_framing_and_ports(iso_gateway: Call) -> None:
    options = ["--spec", "cup-pos", "--framing", "2be+tpdu+cup", "--port", "5000", "--port", "5001", "--name", "pos"]
    result = iso_gateway("wireshark", *options)
    assert result.exit_code == 0
    assert '["ports"]={5000,5001}' in result.stdout
    assert '["headers"]={"tpdu","cup"}' in result.stdout
    assert '["abbrev"]="pos"' in result.stdout
    assert '["name"]="pos_transaction_type_and_batch"' in result.stdout
    assert '["51"]={"declined","insufficient funds"}' in result.stdout
    assert '["unsafe"]=false' in result.stdout
    assert '["unsafe"]=true' in iso_gateway("wireshark", "--unsafe").stdout


def test_wrong_options_end_with_2(iso_gateway: Call) -> None:
    for options in (["--name", "No"], ["--port", "0"], ["--framing", "3be"], ["--spec", "none"]):
        assert iso_gateway("wireshark", *options).exit_code == 2
