"""How a store's master key is had: components, a passphrase, and where they come from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from iso_gateway.errors import KeyStoreError
from iso_gateway.hsm.master_key import Components, MasterKey, Passphrase, from_components, from_passphrase
from iso_gateway.hsm.unlocking import Source, key_of, typed, unlocked

ONE, TWO, THREE = (bytes([number]) + bytes(range(31)) for number in (1, 2, 3))
WORDS = b"correct horse battery"
QUICK = Passphrase(b"0123456789ABCDEF", memory_kib=19 * 1024, passes=1, lanes=1)


def hexed(*components: bytes) -> bytes:
    return b"\n".join(each.hex().encode() for each in components) + b"\n"


def nobody(_prompt: str) -> str:
    raise AssertionError("nobody is asked")


def summed(*components: bytes) -> bytes:
    key = bytearray(32)
    for each in components:
        key = bytearray(one ^ other for one, other in zip(key, each, strict=True))
    return bytes(key)


@pytest.mark.parametrize("components", [(ONE, TWO), (ONE, TWO, THREE)])
def test_all_components_together_are_the_key(components: tuple[bytes, ...]) -> None:
    given = [bytearray(each) for each in components]
    assert from_components(given).value == summed(*components)
    assert not any(map(any, given)), "they are wiped"
    assert key_of(bytearray(hexed(*components)), Components(len(components))).value == summed(*components)  # type: ignore[arg-type]


def test_the_key_whole_opens_a_store_of_components_too() -> None:
    assert key_of(bytearray(hexed(summed(ONE, TWO))), Components(2)).value == summed(ONE, TWO)


def test_a_passphrase_is_stretched_by_argon2id() -> None:
    stretched = Argon2id(salt=QUICK.salt, length=32, iterations=1, lanes=1, memory_cost=19 * 1024).derive(WORDS)
    given = bytearray(WORDS)
    assert from_passphrase(given, QUICK).value == stretched
    assert not any(given)
    for end in (b"", b"\n", b"\r\n"):
        assert key_of(bytearray(WORDS + end), QUICK).value == stretched


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (hexed(ONE, TWO, THREE), "this store is unlocked by 2 components, or the key, a line each; 3 came"),
        (b"no hexadecimal\n", "a component has 64 hexadecimal digits"),
        (ONE.hex().encode()[:-2], "a component has 64 hexadecimal digits"),
        (b"00" * 32, "the same byte all over"),
        (b"\xff\n", "a component has 64 hexadecimal digits"),
        (b"", "0 came"),
    ],
)
def test_what_makes_no_key(given: bytes, said: str) -> None:
    with pytest.raises(KeyStoreError, match=said):
        key_of(bytearray(given), Components(2))


def test_the_same_component_twice_is_refused() -> None:
    with pytest.raises(KeyStoreError, match="cancel out"):
        from_components([bytearray(ONE), bytearray(ONE)])
    with pytest.raises(KeyStoreError, match="one byte all over"):
        from_components([bytearray(ONE), bytearray(len(ONE))])


@pytest.mark.parametrize("words", [b"short", b"x" * 1025])
def test_a_passphrase_has_some_length(words: bytes) -> None:
    with pytest.raises(KeyStoreError, match="12 to 1024 characters"):
        from_passphrase(bytearray(words), QUICK)


def test_no_key_in_a_repr() -> None:
    assert repr(MasterKey(bytearray(ONE))) == "<MasterKey>"


# Where it comes from


def test_from_a_file_descriptor() -> None:
    reader, writer = os.pipe()
    os.write(writer, hexed(ONE, TWO))
    os.close(writer)
    key = unlocked(Source.parse(f"fd:{reader}"), Components(2), nobody)
    assert key.value == summed(ONE, TWO)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.close(reader)


def test_from_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_bytes(WORDS + b"\n")
    file.chmod(0o644)
    with pytest.raises(KeyStoreError, match="may be read by others; chmod 600 it"):
        unlocked(Source.parse(f"file:{file}"), QUICK, nobody)
    file.chmod(0o600)
    assert unlocked(Source.parse(f"file:{file}"), QUICK, nobody).value


def test_from_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    source = Source.parse("credential:master")
    with pytest.raises(KeyStoreError, match="no CREDENTIALS_DIRECTORY"):
        unlocked(source, Components(1), nobody)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(KeyStoreError, match="credential:master: no such file or directory"):
        unlocked(source, Components(1), nobody)
    (tmp_path / "master").write_bytes(hexed(ONE))
    assert unlocked(source, Components(1), nobody).value == ONE


def test_from_the_terminal_one_custodian_after_the_other() -> None:
    typing = iter([ONE.hex(), f"{TWO.hex()[:32]} {TWO.hex()[32:]}"])
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return next(typing)

    assert unlocked(Source.parse("prompt"), Components(2), ask).value == summed(ONE, TWO)
    assert prompts == ["component 1 of 2: ", "component 2 of 2: "]
    assert unlocked(Source.parse("prompt"), QUICK, lambda _: WORDS.decode()).value


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nowhere:
        monkeypatch.setattr("sys.stdin", nowhere)
        with pytest.raises(KeyStoreError, match="there is no terminal"):
            typed("passphrase: ")


@pytest.mark.parametrize("content", [b"", b"x" * 5000])
def test_what_is_nothing_or_too_much(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "words"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(KeyStoreError, match="nothing is there" if not content else "too much is there"):
        unlocked(Source.parse(f"file:{file}"), QUICK, nobody)


@pytest.mark.parametrize(
    "text", ["", "env:KEY", "fd:", "fd:x", "fd:1234567", "credential:", "credential:../x", "file:", "correct horse"]
)
def test_what_says_no_source_is_not_shown(text: str) -> None:
    with pytest.raises(KeyStoreError, match=r"^(expected prompt, fd:NUMBER, .*|a credential's name is no path)$"):
        Source.parse(text)
