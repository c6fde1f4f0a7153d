"""The module in this process and the one in its own are the same to whoever asks: one story, told to both."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random  # noqa: TID251 -- seeded: the same batches in every run

import pytest
import trio

from iso_gateway.hsm.client import InProcess, ModuleClient
from iso_gateway.hsm.own_process import OwnProcess
from iso_gateway.security import commands as c
from iso_gateway.security.block_ciphers import BlockCipher
from iso_gateway.security.keys import (
    Derived,
    KeyAlgorithm,
    KeyForm,
    KeyRef,
    KeyState,
    MacAlgorithm,
    MacMethod,
    PinFormat,
    Purpose,
    Usage,
)
from iso_gateway.security.pin_blocks import encipher
from tests.support.module_keys import held, predictable, several
from tests.support.module_process import command

PAN = "4761739001010010"
TPK, ZPK = KeyRef("terminal/tpk"), KeyRef("acquirer/zpk")
OLD, NEW = KeyRef("terminal/mak", 1), KeyRef("terminal/mak", 2)
RETAIL = MacMethod(MacAlgorithm.X9_19)
KINDS = ["in process", "own process"]


def client(kind: str) -> ModuleClient:
    if kind == "in process":
        return InProcess(predictable())
    return OwnProcess(command("keys"), say=lambda _: None)


@asynccontextmanager
async def running(kind: str) -> AsyncIterator[ModuleClient]:
    ours = client(kind)
    async with trio.open_nursery() as nursery:
        health = await nursery.start(ours.run)
        assert (health.kind, health.keys) == ("software", len(several()))
        yield ours
        ours.close()


async def asked(ours: ModuleClient, *batches: c.Batch) -> list[c.Results]:
    """Submit *batches* together, and return their answers as they came."""
    answers: list[c.Results] = []
    over = trio.Event()

    def done(results: c.Results) -> None:
        answers.append(results)
        if len(answers) == len(batches):
            over.set()

    for batch in batches:
        ours.submit(batch, done, 10.0)
        assert len(answers) < len(batches)
    with trio.fail_after(20):
        await over.wait()
    return answers


def pin_block() -> bytes:
    key = held("terminal/tpk", Usage.PIN)
    return encipher(PinFormat.ISO_0, "1234", PAN, BlockCipher(key.info.algorithm, key.value), bytes)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_transaction_is_verified_translated_and_protected(kind: str) -> None:
    async with running(kind) as ours:
        ((made,),) = await asked(ours, (c.Protect(b"0200 as the terminal sent it", OLD, RETAIL),))
        assert isinstance(made, c.Protected)
        pin = c.TranslatePin(TPK, PinFormat.ISO_0, ZPK, PinFormat.ISO_3, pin_block(), PAN)
        ((matched,), (protected, sealed, printed)) = await asked(
            ours,
            (c.VerifyMac((NEW, OLD), RETAIL, b"0200 as the terminal sent it", made.mac),),
            (
                c.Protect(b"0200 with room for 12345678", NEW, RETAIL, pin, 19),
                c.SealCard(PAN),
                c.Fingerprint(b"4761"),
            ),
        )
        assert matched == c.Matched(1)
        assert isinstance(protected, c.Protected)
        assert isinstance(sealed, c.Sealed)
        assert isinstance(printed, c.Fingerprinted)
        wrong = (c.VerifyMac((NEW, OLD), RETAIL, b"0200 as somebody changed it", made.mac),)
        assert await asked(ours, wrong, (c.UnsealCard(sealed.card),)) == [(c.Matched(None),), (c.Unsealed(PAN),)]


@pytest.mark.parametrize("kind", KINDS)
async def test_keys_change_under_traffic_in_the_order_of_the_batches(kind: str) -> None:
    spec = c.KeySpec("terminal/mak", Usage.MAC_3, KeyAlgorithm.TDES, 128, "terminal", state=KeyState.ACTIVE)
    third = KeyRef("terminal/mak", 3)
    make = (c.Protect(b"a", third, RETAIL),)
    async with running(kind) as ours:
        before, changed, after, gone, last = await asked(
            ours,
            make,
            (c.Change((c.GenerateKey(spec), c.SetState(NEW, KeyState.RETIRING))),),
            make,
            (c.SetState(third, KeyState.DESTROYED),),
            make,
        )
    assert before == last == (c.Refused(c.Fault.NO_KEY),)
    assert isinstance(changed[0], c.Changed)
    assert isinstance(after[0], c.Protected)
    assert isinstance(gone[0], c.Settled)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_empty_batch_is_answered_by_nothing(kind: str) -> None:
    async with running(kind) as ours:
        assert await asked(ours, ()) == [()]


@pytest.mark.parametrize("kind", KINDS)
async def test_after_the_end_everything_is_gone(kind: str) -> None:
    async with running(kind) as ours:
        pass
    assert await asked(ours, (c.AskHealth(), c.ListKeys())) == [(c.Refused(c.Fault.GONE),) * 2]


def drawn_command(draw: Random) -> c.Command:
    """Return some command, good or bad, over the keys that there are."""
    refs = [key.info.ref for key in several()] + [KeyRef("nobody's"), KeyRef("terminal/mak", 3)]

    def key() -> c.Key:
        if draw.random() < 0.2:
            return Derived(draw.choice(refs), draw.randbytes(draw.choice([10, 10, 12])), draw.choice([*Purpose]))
        return draw.choice([draw.choice(refs), NEW])

    def method() -> MacMethod:
        if draw.random() < 0.5:
            return RETAIL
        return MacMethod(draw.choice([*MacAlgorithm]), draw.choice([1, 2, 3]), draw.choice([0, 4, 8, 16]))

    def translation() -> c.TranslatePin:
        source, target = draw.choice([TPK, key()]), draw.choice([ZPK, key()])
        forms = draw.choice([*PinFormat]), draw.choice([*PinFormat])
        return c.TranslatePin(source, forms[0], target, forms[1], draw.choice([pin_block(), draw.randbytes(8)]), PAN)

    def spec() -> c.KeySpec:
        usage, kind = draw.choice([*Usage]), draw.choice([*KeyAlgorithm])
        return c.KeySpec(draw.choice(refs).name, usage, kind, draw.choice([64, 128, 256]), "terminal")

    def part() -> c.GenerateKey | c.ImportKey | c.SetState:
        form = draw.choice([*KeyForm])
        state = KeyState.DESTROYED if draw.random() < 0.02 else draw.choice([*KeyState][:3])
        parts: list[c.GenerateKey | c.ImportKey | c.SetState] = [
            c.GenerateKey(spec(), draw.choice([None, *refs]), form),
            c.ImportKey(spec(), draw.choice(refs), form, draw.randbytes(16)),
            c.SetState(draw.choice(refs), state),
        ]
        return draw.choice(parts)

    data = draw.randbytes(draw.randrange(40))
    makers: list[Callable[[], c.Command]] = [
        lambda: c.VerifyMac(tuple(key() for _ in range(draw.randrange(4))), method(), data, draw.randbytes(8)),
        translation,
        lambda: c.Protect(data, key(), method(), draw.choice([None, translation()]), draw.randrange(30)),
        lambda: c.SealCard(draw.choice([PAN, "no card"])),
        lambda: c.UnsealCard(data),
        lambda: c.Fingerprint(data),
        lambda: c.EncryptData(key(), data),
        lambda: c.DecryptData(key(), data, draw.choice([b"", bytes(8)])),
        part,
        lambda: c.Change((part(), part())),
        lambda: c.ExportKey(draw.choice(refs), draw.choice(refs), draw.choice([*KeyForm])),
        lambda: c.CheckValue(draw.choice(refs), draw.randrange(8)),
        lambda: c.DeriveInitial(draw.choice(refs), data[:10], draw.choice(refs), draw.choice([*KeyForm])),
        c.ListKeys,
        c.Reread,
        c.AskHealth,
    ]
    return draw.choice(makers)()


@pytest.mark.parametrize("seed", [1, 2])
async def test_both_give_the_same_answers(seed: int) -> None:
    draw = Random(seed)
    batches = [tuple(drawn_command(draw) for _ in range(draw.randrange(6))) for _ in range(300)]
    answers = []
    for kind in KINDS:
        async with running(kind) as ours:
            answers.append(await asked(ours, *batches))
    # But for what the processes themselves were refused.
    in_process, own_process = answers
    for batch, one, other in zip(batches, in_process, own_process, strict=True):
        assert one == other, batch
    results = list(itertools.chain(*in_process))
    assert {type(result) for result in results} >= {c.Refused, c.Matched, c.Sealed, c.Transformed, c.Settled, c.Listed}
