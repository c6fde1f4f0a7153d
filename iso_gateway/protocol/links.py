"""The links to the acquirers: sessions, STANs, matching, and the choice of a link for a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import is_request
from iso_gateway.errors import CannotCarry, DecodeError, EncodeError
from iso_gateway.protocol.commands import CloseLink, File, Send
from iso_gateway.protocol.dialect import Facts
from iso_gateway.protocol.key_exchange import BOTH_LENGTHS, ELEMENT
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.link import Host, Link, Released
from iso_gateway.protocol.link_keys import LinkKeys
from iso_gateway.protocol.matching import key_of
from iso_gateway.protocol.moment import transmission_time
from iso_gateway.protocol.peeking import peek
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.protection import Exchange
from iso_gateway.protocol.records import Change
from iso_gateway.protocol.session import Ask, Hang, Happening, State
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.story import Word, line, said
from iso_gateway.protocol.verdicts import Finding, Verdict, explain
from iso_gateway.protocol.world import World

BURST: Final = 3
"""Wrong MACs in a row after which the keys of a link are doubted."""


class Links:
    """All links of the node."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.hosts: dict[str, Host] = {}
        self.links: dict[str, Link] = {}
        self.keys = LinkKeys(world, self._happen, self._answer)
        self.reload()

    def reload(self) -> None:
        """Take over acquirers and links of the setup; what is gone keeps its awaited answers until they time out."""
        lent, setup, now = self._world.lent, self._world.setup, self._world.now
        for name, acquirer in setup.acquirers.items():
            host = self.hosts.get(name)
            if host is None:
                host = self.hosts[name] = Host(acquirer, lent.first_stan(), now)
            host.acquirer = acquirer
            host.calendar.goes_by(acquirer, now.wall)
            for link in acquirer.links:
                known = self.links.get(link)
                if known is None:
                    self.links[link] = Link(link, acquirer)
                else:
                    known.acquirer = acquirer
        self._drop_the_gone()

    def _drop_the_gone(self) -> None:
        """Forget links that the setup does not have any more, once they are down."""
        wanted = {link for acquirer in self._world.setup.acquirers.values() for link in acquirer.links}
        for name, link in list(self.links.items()):
            if name not in wanted and link.session.state is State.DOWN:
                del self.links[name]

    # Choosing and giving

    def pick(self, acquirer: str) -> Link | None:
        """Return the up link of *acquirer* with the fewest requests in flight, or None: 91."""
        host = self.hosts.get(acquirer)
        if host is None:
            return None
        best, least = None, self._world.setup.limits.per_link
        for name in host.acquirer.links:
            link = self.links.get(name)
            if link is not None and len(link.in_flight) < least and link.session.takes_money:
                best, least = link, len(link.in_flight)
        return best

    def pick_for_debt(self, acquirer: Acquirer) -> Link | None:
        """Return the up link of *acquirer* with the fewest debts on it, or None where all have enough of them.

        Debts have places of their own, a window of each link and no more than a quarter of what new requests have: so
        a pile of old debts never keeps new money out, and new requests never keep a debt waiting.
        """
        share = max(1, self._world.setup.limits.per_link // 4)
        best, least = None, min(acquirer.debtor.window, share)
        for name in acquirer.links:
            link = self.links.get(name)
            if link is not None and len(link.debts) < least and link.session.takes_money:
                best, least = link, len(link.debts)
        return best

    def give(self, link: Link, owner: str, request: Message, payload: bytes) -> bool:
        """Send *request* over *link* for *owner*; return False, and send nothing, where its key is busy."""
        if not self.hosts[link.acquirer.name].matching.expect(request, owner):
            return False
        if owner not in link.debts:
            link.in_flight.add(owner)
        self._world.emit(Send(owner, link.name, payload))
        return True

    def answered(self, link: str, owner: str) -> None:
        """Note that nothing more is awaited over *link* for *owner*."""
        known = self.links.get(link)
        if known is not None:
            known.in_flight.discard(owner)
            known.debts.discard(owner)

    def hand_over(self, acquirer: str, request: Message, owner: str) -> None:
        """Let *owner* (a debt) have whatever still comes in answer to *request*."""
        matching = self.hosts[acquirer].matching
        matching.forget(request)
        matching.expect(request, owner)

    def claim(self, acquirer: str, request: Message, owner: str) -> bool:
        """Keep the key of *request* for *owner*, also one that was to be let go; return False where another has it."""
        host = self.hosts[acquirer]
        if not host.matching.expect(request, owner):
            return False
        host.released.pop(key_of(request), None)
        return True

    def awaits(self, acquirer: str, request: Message) -> bool:
        """Return whether an answer to *request* is still known for what it is."""
        host = self.hosts.get(acquirer)
        return host is not None and host.matching.find(request) is not None

    def release(self, acquirer: str, request: Message, *, late: bool, given_up: float | None = None) -> None:
        """Let the key of *request* go: at once, or *late*, after the window for late answers."""
        host = self.hosts[acquirer]
        if late:
            key = key_of(request)
            host.released.pop(key, None)
            host.released[key] = Released(self._world.now.mono + host.acquirer.late_window, request, given_up)
        else:
            host.matching.forget(request)

    def next_stan(self, acquirer: str) -> str | None:
        """Return a STAN for a request to *acquirer*, or None when all are taken."""
        host = self.hosts[acquirer]
        if host.released:
            host.expire(self._world.now.mono)
        return host.numbering.next()

    def go_on(self, stans: Mapping[str, int]) -> None:
        """Go on with the STAN that *stans* says for an acquirer, behind those of an earlier process."""
        for acquirer, stan in stans.items():
            if (host := self.hosts.get(acquirer)) is not None:
                host.numbering.go_on(stan)

    # What happens to links

    def connected(self, name: str) -> None:
        """Take in that *name* is connected."""
        self._happen(self.links[name], Happening.CONNECTED)

    def lost(self, name: str) -> list[str]:
        """Take in that *name* is gone; return the owners of what was in flight on it."""
        link = self.links[name]
        owners = sorted(link.in_flight | link.debts)
        link.in_flight.clear()
        link.debts.clear()
        for request in link.asked.values():
            self.release(link.acquirer.name, request, late=False)
        link.asked.clear()
        if link.session.state is not State.DOWN:
            self._happen(link, Happening.CLOSED)
        self._drop_the_gone()
        return owners

    def time_passed(self, name: str) -> None:
        """Feed the deadline of the link *name*, if it has come."""
        link = self.links.get(name)
        deadline = link.session.deadline if link is not None else None
        if link is None or deadline is None:
            return
        if deadline <= self._world.now.mono:
            self._happen(link, Happening.TIME)
        else:
            self._world.remind(deadline, link.timer)

    def sign_on_again(self, link: Link | None) -> None:
        """Sign on anew, as the host of *link* asked for by 77 or A0 (ruling 12); not more often than once in a while.

        While that is under way the link takes no money; what is in flight on it is answered all the same.
        """
        now = self._world.now.mono
        if link is None or not link.acquirer.sign_on or not link.session.takes_money:
            return
        if link.signed_on is not None and now - link.signed_on < link.acquirer.timing.sign_on_again:
            return
        link.signed_on = now
        self._happen(link, Happening.SIGN_ON_WANTED)

    def heard_mac(self, link: Link | None, code: str) -> None:
        """Take in whether an answer over *link* had the right MAC: one wrong MAC after another means other keys.

        Then keys are exchanged anew, once; when that does not help either, the link goes down (flows 2.8).
        """
        if link is None or code not in {"", "A0"}:  # else the security module could not say
            return
        if not code:
            link.bad_macs, link.exchanged_anew = 0, False
            return
        link.bad_macs += 1
        if link.bad_macs < BURST or link.acquirer.protection.exchange is Exchange.NONE:
            return
        link.bad_macs = 0
        if link.exchanged_anew:
            link.exchanged_anew = False
            self._world.emit(CloseLink(link.name, "wrong MACs, also after new keys"))
        elif link.session.takes_money:
            link.exchanged_anew = True
            link.signed_on = self._world.now.mono
            self._happen(link, Happening.SIGN_ON_WANTED)

    def drain(self) -> None:
        """Sign off from every host."""
        for link in self.links.values():
            if link.session.state not in (State.DOWN, State.SIGNING_OFF):
                self._happen(link, Happening.DRAIN)

    def heard(self, link: Link, payload: bytes) -> tuple[str, Message] | None:
        """Take in a frame from *link*'s host; return the owner and the answer where it answers a request.

        An undecodable answer makes one transaction unknown, by its time-out, and never closes the link (ruling 24).
        """
        if link.session.state is State.DOWN:
            self._world.log("unmatched", "warning", link=link.name, cause="the link is down")
            return None
        try:
            message = link.acquirer.dialect.spec.decode(payload)
        except DecodeError as error:
            self._world.log("undecodable", "warning", link=link.name, cause=str(error), offset=error.offset)
            link.memory.undecodable(self._world.now.mono, error)
            return None
        link.memory.heard = self._world.now.mono
        if message.mti[1] == "8":
            self._network(link, message)
            return None
        self._happen(link, Happening.HEARD)
        if is_request(message.mti):
            self._world.log("host request", "warning", link=link.name, mti=message.mti, cause="the gateway takes none")
            return None
        matching = self.hosts[link.acquirer.name].matching
        owner = matching.find(message)
        if owner is None:
            self._world.log("unmatched", "warning", link=link.name, mti=message.mti, cause=matching.why_not(message))
            link.memory.unmatched(self._world.now.mono, message)
            return None
        return owner, message

    def late(self, link: str, owner: str, message: Message) -> None:
        """Take in an answer to what *owner* does not wait for any more: it is told once how late it is."""
        now, host = self._world.now, self.hosts[self.links[link].acquirer.name]
        released = host.released.get(key_of(message))
        if released is None or released.given_up is None:
            self._world.log("late answer", "warning", id=owner, cause="its request is settled")
            return
        late = round((now.mono - released.given_up) * 1000)
        released.given_up = None
        code = host.acquirer.dialect.canonical(message)
        finding = Finding(Verdict.LATE, f"{late} ms after the time-out")
        self._world.log("late answer", "warning", id=owner, verdict=str(finding.verdict), late_ms=late, code=code)
        told = line(now.wall, Word.LATE, f"{said(code)}, {finding}; it is settled")
        self._world.emit(File((Change(owner.partition("/")[0], story=told),)))

    def explain(self, link: str, request: Message, payload: bytes, since: float) -> Finding:
        """Return why *request*, which left over *link* as *payload* at *since*, was not answered."""
        known = self.links.get(link)
        if known is None:
            return Finding(Verdict.LINK_LOST, "it is configured no more")
        return explain(request, since, self._world.lent.wire(link, payload), known.memory)

    def _happen(self, link: Link, happening: Happening) -> None:
        before = link.session.state
        for act in link.session.handle(happening, self._world.now.mono):
            match act:
                case Ask(kind):
                    self._ask(link, kind)
                case Hang(reason):
                    self._world.emit(CloseLink(link.name, reason))
        if link.session.state is not before:
            self._world.log("link", link=link.name, state=str(link.session.state))
        if link.session.deadline is not None:
            self._world.remind(link.session.deadline, link.timer)

    def _ask(self, link: Link, kind: Kind) -> None:
        """Send the network management request of *kind*."""
        stan = self.next_stan(link.acquirer.name)
        wall = self._world.now.wall
        facts: Facts = {
            "transmission_date_time": transmission_time(wall),
            "system_trace_audit_number": stan or "000000",
        }
        if link.acquirer.institution:
            facts["acquiring_institution_id"] = link.acquirer.institution
        today = wall.astimezone(link.acquirer.zone).date()
        try:
            request = link.acquirer.dialect.network(kind, facts, today, link.acquirer.batch)
            if kind is Kind.SIGN_ON and link.acquirer.protection.exchange is Exchange.UNIONPAY:
                request = request.evolve({link.acquirer.dialect.profile.network_code: BOTH_LENGTHS})
            payload = link.acquirer.dialect.spec.encode(request)
        except (CannotCarry, EncodeError) as error:
            self._world.log("link", "error", link=link.name, cause=f"no {kind} can be sent: {error}")
            self._world.emit(CloseLink(link.name, f"no {kind} in this dialect"))
            return
        matching = self.hosts[link.acquirer.name].matching
        if (unanswered := link.asked.pop((request.mti, kind), None)) is not None:
            matching.forget(unanswered)
        matching.expect(request, link.timer)
        link.asked[request.mti, kind] = request
        self._world.emit(Send(link.timer, link.name, payload))

    def _network(self, link: Link, message: Message) -> None:
        """Take in an 08xx: the answer to what we asked, or a request of the host's, which is answered."""
        if is_request(message.mti):
            self._happen(link, Happening.HEARD)
            self._answer_host(link, message)
            return
        host = self.hosts[link.acquirer.name]
        for (mti, kind), request in list(link.asked.items()):
            if request.get(11) == message.get(11):
                del link.asked[mti, kind]
                host.matching.forget(request)
                self._asked_and_answered(link, kind, message)
                return
        self._world.log("unmatched", "warning", link=link.name, mti=message.mti, cause="not asked")

    def _asked_and_answered(self, link: Link, kind: Kind, message: Message) -> None:
        accepted = link.acquirer.dialect.verdict(message) is CodeClass.APPROVED
        code = link.acquirer.dialect.canonical(message)
        match kind, link.session.state:
            case Kind.SIGN_ON, State.SIGNING_ON:
                if accepted:
                    self.keys.accepted(link, message)
                else:
                    self._happen(link, Happening.REJECTED)
                    self._world.log("link", "warning", link=link.name, cause=f"sign-on refused with {code}")
            case Kind.SIGN_OFF, State.SIGNING_OFF:
                self._happen(link, Happening.SIGNED_OFF)
            case _:
                self._happen(link, Happening.HEARD)

    def _answer_host(self, link: Link, message: Message) -> None:
        dialect, wall = link.acquirer.dialect, self._world.now.wall
        row = dialect.kind_row(message)
        if row is not None and row.kind is Kind.CUT_OVER:
            said = dialect.facts(message).get("date_settlement", "")
            day = self.hosts[link.acquirer.name].calendar.cut_over(str(said), wall)
            self._world.log("cut-over", link=link.name, business_date=day.isoformat())
        exchange = link.acquirer.protection.exchange
        if peek(message, dialect.profile.network_code) not in dialect.profile.key_change:
            self._answer(link, message, "00", None)
        elif exchange is Exchange.NONE:
            self._answer(link, message, "40", None)
        else:
            self.keys.change_wanted(link, message)

    def _answer(self, link: Link, message: Message, code: str, keys: str | bytes | None) -> None:
        """Answer the host's *message* with *code*, and with what is to be said of *keys*."""
        dialect, wall = link.acquirer.dialect, self._world.now.wall
        answer = dialect.answer(message, code, {}, wall.date())
        element = ELEMENT.get(link.acquirer.protection.exchange, 0)
        try:
            if element in answer or keys is not None:
                answer = answer.evolve({element: keys})
            payload = dialect.spec.encode(answer)
        except EncodeError as error:
            self._world.log("host request", "warning", link=link.name, mti=message.mti, cause=str(error))
            return
        self._world.emit(Send(link.timer, link.name, payload))
