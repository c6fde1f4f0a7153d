"""Keys that custodians bring: each types a component, all of them together are the key, and nobody alone knows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from iso_gateway.errors import KeyMaterialError, KeyStoreError, SecurityError
from iso_gateway.hsm.allowed import Denied
from iso_gateway.hsm.key_table import Deed, KeyTable, wipe
from iso_gateway.hsm.managing import DERIVING
from iso_gateway.hsm.new_keys import accept, new_key, newest_of
from iso_gateway.hsm.transport import Arrived
from iso_gateway.security.check_values import check_value
from iso_gateway.security.commands import KeySpec
from iso_gateway.security.key_material import combine, refuse_plain
from iso_gateway.security.keys import KeyInfo, KeyRef, Mode


def check_possible(keys: KeyTable, spec: KeySpec, count: int, *, test: bool) -> None:
    """Pass a *spec* that a new key of *count* components can have, before anybody types one.

    Raises:
        KeyStoreError: no key can, or the one of that name is another; or it is whole, and no *test* key.
    """
    if count == 1 and not test:
        raise KeyStoreError(
            "a key in one piece is known to whoever types it, so it can only be a test key: say --test, or the number "
            "of its custodians, --components 2 or 3"
        )
    try:
        newest_of(spec, keys.versions(spec.name))
    except Denied as denied:
        raise KeyStoreError(denied.refused.reason) from None


def component_of(text: str, spec: KeySpec) -> bytearray:
    """Return the component that *text* writes in hexadecimal, blanks between its digits allowed.

    Raises:
        KeyStoreError: it is none of a key that *spec* says.
    """
    try:
        value = bytearray.fromhex(text)
    except ValueError:
        value = bytearray()
    if len(value) * 8 != spec.bits:
        wipe(value)
        raise KeyStoreError(f"a component of this key has {spec.bits // 4} hexadecimal digits")
    try:
        refuse_plain(value)
    except KeyMaterialError as error:
        raise KeyStoreError(str(error)) from None
    return value


def shown(component: bytearray, spec: KeySpec) -> str:
    """Return the check value of *component*, by which its custodian sees that it was typed right."""
    return check_value(spec.algorithm, component, 3).hex().upper()


def entered(
    keys: KeyTable,
    spec: KeySpec,
    components: Sequence[bytearray],
    sent: bytes = b"",
    *,
    since: datetime,
    actor: str,
    test: bool = False,
) -> KeyInfo:
    """Keep the key of *components*, which are wiped, as a new version of what *spec* names.

    Args:
        keys: where it is kept.
        spec: what it is to be.
        components: two or three, each as long as the key; or a test key whole.
        sent: the key's check value as its partner has it, as many bytes as were told; empty: none was.
        since: when.
        actor: who, for the audit file.
        test: whether it is a test key.

    Raises:
        KeyStoreError: they make no key, it is another one by its check value, or it may not be kept.
    """
    act = f"import from {len(components)} components"
    value = bytearray()
    try:
        newest = newest_of(spec, keys.versions(spec.name))
        value = components[0][:] if test and len(components) == 1 else combine(components)
        accept(spec, newest, value, sent)
        mode = Mode.DERIVE if spec.usage in DERIVING else Mode.ANY
        held = new_key(spec, newest, Arrived(value, mode, spec.exportability), since, test=test)
        keys.change([held], [Deed(act, held.info.ref, held.info.check_value, actor)])
    except (Denied, SecurityError) as error:
        wipe(value)
        keys.change((), [Deed(act, KeyRef(spec.name, 0), "", actor, _fault(error))])
        raise KeyStoreError(error.refused.reason if isinstance(error, Denied) else f"{spec.name}: {error}") from None
    except KeyStoreError:
        wipe(value)
        raise
    finally:
        for each in components:
            wipe(each)
    return held.info


def _fault(error: Denied | SecurityError) -> str:
    if isinstance(error, Denied):
        return str(error.refused.fault)
    return "weak key" if isinstance(error, KeyMaterialError) else "refused"
