"""What ``gateway.toml`` may say: every table and key, with its type, bounds and default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from iso_gateway.gateway.protection_shape import KeyName, ProtectionTable, SecurityTable

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.-]{1,32}$", description="a short name: letters, digits, _ . -")]
Seconds = Annotated[float, Meta(gt=0, le=86400, description="seconds, above 0")]
Place = Annotated[str, Meta(min_length=3, description="HOST:PORT")]


Printed = Annotated[str, Meta(pattern=r"^[ -~]{0,64}$", description="printable ASCII, 64 characters at most")]


Certified = Annotated[str, Meta(pattern=r"^[ -~]{0,255}$", description="printable ASCII, 255 characters at most")]


class ListenTLSTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[listener.tls]``: TLS 1.2 or 1.3 with the terminals; paths are beside this file unless they are absolute."""

    certificate: str = ""
    """The PEM file of the certificate that terminals are shown, with its chain."""
    key: str = ""
    """The PEM file of its key, which only the gateway's user and group may read."""
    client_ca: str = ""
    """The PEM file of who issues the certificates of terminals; empty: they are asked for none."""
    client: Literal["", "required", "optional"] = ""
    """Whether a terminal without a certificate is taken; empty: required, where there is a ``client_ca``."""


class DialTLSTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[acquirer.tls]``: TLS 1.2 or 1.3 to this host; one of ``ca`` and ``fingerprints``, or both."""

    ca: str = ""
    """The PEM file of who issues the host's certificate."""
    fingerprints: list[Certified] = []
    """The SHA-256 of the host's certificate in hex; of two, while it changes."""
    server_name: Certified = ""
    """What the certificate must be for; empty: the host in ``links``. With fingerprints alone, it is not looked at."""
    certificate: str = ""
    """The PEM file of what the host is shown, with its chain; empty: nothing."""
    key: str = ""
    """The PEM file of its key."""


class ListenerTable(ProtectionTable, frozen=True, forbid_unknown_fields=True):
    """``[[listener]]``: where terminals connect."""

    address: Place
    name: Name = ""
    """Default: the address."""
    spec: str = "iso87-ascii"
    """A shipped spec, or the path of one."""
    framing: str = "2be"
    max_length: Annotated[int, Meta(ge=64, le=65535)] = 4096
    """The longest frame, headers and payload, in bytes."""
    idle_timeout: Annotated[float, Meta(ge=0)] = 0
    """Seconds without a byte after which a terminal is hung up on; 0: never."""
    frame_timeout: Seconds = 10
    """How long one frame may take from its first byte to its last."""
    partial_approval: bool = False
    """Whether these terminals can take an approval for a part of the amount; else that is reversed, and answered 51."""
    timezone: str = ""
    """The IANA name of the zone that these terminals' clocks show; empty: that of any of the acquirers."""
    ksn: Annotated[str, Meta(pattern=r"^([0-9]{1,3}([.][0-9A-Za-z.]+)?)?$", description="a path: 53, 62.1")] = ""
    """The element with the key serial number of these terminals (DUKPT); empty: each has keys of its own."""
    bdk: KeyName = ""
    """With ``ksn``: the name of the base derivation key."""
    tls: ListenTLSTable | None = None
    """None: in clear."""


class TerminalTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[terminals]]``: who may send."""

    ids: list[Printed]
    """Ids as DE 41 carries them; ``TERM0001..TERM0099`` counts up."""
    merchant: Printed = ""
    """DE 42; empty: any."""
    listeners: list[str] = []
    """Names of listeners; empty: all."""
    certificate: Certified = ""
    """The name that must be in the certificate of each one's connection: its CN, a DNS name, a URI, or
    ``sha256:`` and its fingerprint. ``{id}`` is each one's id. Empty: none is asked for here."""


class AcquirerTable(ProtectionTable, frozen=True, forbid_unknown_fields=True):
    """``[[acquirer]]``: a host and the links to it."""

    name: Name
    links: Annotated[list[Place], Meta(min_length=1)]
    spec: str = "iso87-ascii"
    framing: str = "2be"
    max_length: Annotated[int, Meta(ge=64, le=65535)] = 4096
    sign_on: bool = True
    """Whether a link takes money only after an 0800 sign-on was accepted."""
    echo_every: Annotated[float, Meta(ge=0)] = 60
    """Seconds of silence after which the link is tested; 0: never."""
    answer_timeout: Seconds = 10
    """For the answer to a sign-on or line test."""
    sign_on_again: Seconds = 30
    """After a refused sign-on."""
    host_timeout: Seconds = 30
    """For the answer to a request; must be shorter than the terminals' own."""
    late_window: Seconds = 120
    """How long after that an answer is still recognised as late."""
    connect_timeout: Seconds = 10
    reconnect_every: Seconds = 5
    write_timeout: Seconds = 10
    timezone: str = "UTC"
    """The IANA name of the zone in which the acquirer's day runs."""
    cut_over: Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM")] = "00:00"
    """When the business date changes, in that zone."""
    institution: Annotated[str, Meta(pattern=r"^[0-9]{0,11}$", description="up to 11 digits")] = ""
    """DE 32; empty: as the terminal sent it."""
    batch: Annotated[str, Meta(pattern=r"^[0-9]{6}$", description="6 digits")] = "000001"
    compared: tuple[Annotated[int, Meta(ge=2, le=192)], ...] = (41,)
    """The DEs that must agree between request and answer, where the answer has them."""
    sends_rrn: bool = False
    """Whether requests carry a DE 37 made here."""
    settlement: Literal["own", "forward"] = "own"
    """Who closes the batches of terminals: the gateway, by its journal, or this host."""
    repeat_after: Seconds = 1
    """The first pause between two attempts at an owed reversal or advice; it doubles."""
    repeat_at_most: Seconds = 60
    """The longest such pause."""
    debt_days: Annotated[float, Meta(gt=0)] = 3
    """The age in days at which a debt is left to an operator."""
    debts_at_once: Annotated[int, Meta(ge=1, le=256)] = 8
    """Debts in flight on a link, beside new requests; never more than a quarter of ``per_link``."""
    tls: DialTLSTable | None = None
    """None: in clear."""


class RouteTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[route]]``: which requests an acquirer gets; the first that fits wins, an empty key always fits."""

    acquirer: Name
    pan: list[Annotated[str, Meta(pattern=r"^[0-9]{1,19}(-[0-9]{1,19})?$", description="digits, or FROM-TO")]] = []
    """Leading digits: ``4``, ``51-55``."""
    message_class: list[Literal["1", "2", "4", "5", "6"]] = []
    """The second digit of the MTI."""
    terminal: list[str] = []
    """Ids; ``TERM*`` is a prefix."""
    currency: list[str] = []
    """DE 49 as carried."""
    amount: Annotated[list[int], Meta(max_length=2)] = []
    """From and to, in minor units."""


class LimitTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[limits]``: the bounds on what is open and in flight; each is answered before anything is sent."""

    connections: Annotated[int, Meta(ge=1, le=100_000)] = 1000
    """Terminal connections per listener; above: the new one is closed."""
    per_connection: Annotated[int, Meta(ge=1)] = 64
    per_terminal: Annotated[int, Meta(ge=1)] = 1
    per_link: Annotated[int, Meta(ge=1)] = 256
    journal_rows: Annotated[int, Meta(ge=1000)] = 200_000
    """Rows that the journal in memory keeps; above, the oldest on which nothing is open go."""


class GatewayTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[gateway]``: the process."""

    log_format: Literal["text", "json"] = "text"
    admin_socket: str = ""
    """Default: the user's runtime folder, ``iso-gateway/run-PORT.sock``."""
    drain_timeout: Seconds = 45
    """How long a stop waits for what is in flight."""


class JournalTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[journal]``: where every request is kept before it is sent."""

    path: str = ""
    """An SQLite file, beside this one unless it is absolute; empty: in memory, forgotten when the process ends."""
    store_key_file: str = ""
    """The key under which card numbers are kept; default: the journal's name with ``.key``."""
    seal: Literal["file", "module"] = "file"
    """What keeps card numbers: the key in ``store_key_file``, or ``journal/seal`` in the security module."""
    keep_days: Annotated[float, Meta(gt=0, le=3660)] = 30
    """How long a row stays on which nothing is open."""


class GatewayFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    listeners: Annotated[list[ListenerTable], Meta(min_length=1)] = field(name="listener")
    acquirers: Annotated[list[AcquirerTable], Meta(min_length=1)] = field(name="acquirer")
    terminals: Annotated[list[TerminalTable], Meta(min_length=1)]
    gateway: GatewayTable = GatewayTable()
    routes: list[RouteTable] = field(name="route", default=[])
    limits: LimitTable = LimitTable()
    journal: JournalTable = JournalTable()
    security: SecurityTable = SecurityTable()
