"""A client of the sync protocol in another language, written from docs/sync-protocol.md alone.

It keeps everything in memory: it shows that the page is enough, and is no app.
"""

import base64
import datetime
import gzip
import hashlib
import json
import os
import urllib.error
import urllib.request
import uuid

from nacl.signing import SigningKey, VerifyKey

APP = "python-client 1"
ORIGIN = "0" * 64
AGAIN_MAX = 50
KNOWN_VERDICTS = {"stored", "duplicate", "handed-over", "quarantined", "fork"}


class Problem(Exception):
    """The server said no, with a problem document."""

    def __init__(self, status, document, retry_after):
        super().__init__(document.get("detail", ""))
        self.status = status
        self.kind = document["type"].removeprefix("/problems/")
        self.instance = document["instance"]
        self.retry_after = int(retry_after) if retry_after else None


def fingerprint(text):
    """The hash of an event's exact text."""
    return hashlib.sha256(text.encode()).hexdigest()


def now():
    """The wall clock, as an instant in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")


def uuid7():
    """An identifier of version 7 (RFC 9562)."""
    milliseconds = int(datetime.datetime.now(datetime.timezone.utc).timestamp() * 1000)
    number = milliseconds << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def raw_values(text):
    """The keys of the JSON object `text`, each with the exact text of its value."""
    return dict(_members(text, 0)[0])


def raw_items(text):
    """The exact text of each item of the JSON list `text`."""
    decoder, items, at = json.JSONDecoder(), [], _skip(text, 1)
    while text[at] != "]":
        _, end = decoder.raw_decode(text, at)
        items.append(text[at:end])
        at = _skip(text, end, ",")
    return items


def _members(text, at):
    decoder, members, at = json.JSONDecoder(), [], _skip(text, at + 1)
    while text[at] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _skip(text, at, ":")
        _, end = decoder.raw_decode(text, at)
        members.append((key, text[at:end]))
        at = _skip(text, end, ",")
    return members, at + 1


def _skip(text, at, also=""):
    while text[at] in " \t\r\n" + also:
        at += 1
    return at


def digest_of(hashes):
    """Count and sum, as the page says: least significant byte first, modulo 2^256."""
    total = sum(int.from_bytes(bytes.fromhex(one), "little") for one in hashes) % 2**256
    return {"count": len(hashes), "sum": total.to_bytes(32, "little").hex()}


class Sealed:
    """An event: its exact text and the signature over it."""

    def __init__(self, body, signature):
        self.body = body
        self.signature = signature
        self.hash = fingerprint(body)

    def text(self):
        """The sealed event as it travels."""
        return '{"body":%s,"signature":%s}' % (self.body, json.dumps(self.signature))

    @classmethod
    def read(cls, text):
        """Takes the body's bytes as they stand in the message."""
        parts = raw_values(text)
        return cls(parts["body"], json.loads(parts["signature"]))

    def verify(self, public_key):
        """Raises where the signature is not that of the key."""
        signature = base64.urlsafe_b64decode(self.signature + "==")
        VerifyKey(bytes.fromhex(public_key)).verify(self.body.encode(), signature)


class Device:
    """One device: its key, its chain, and what it holds of the caseload."""

    def __init__(self, server, key=None):
        self.server = server
        self.key = SigningKey(key or os.urandom(32))
        self.token = None
        self.epoch, self.log = 1, []
        # Events of earlier epochs that have a verdict: epoch, number and event.
        self.earlier = []
        self.receipts = {}
        self.cursor = None
        self.log_epoch = self.backed_up_to = None
        self.limits = {"batch_events": 500, "batch_bytes": 2097152}
        self.server_seen = None
        self.gzip = False
        self.cards, self.events, self.again = {}, {}, {}

    @property
    def public_key(self):
        return self.key.verify_key.encode().hex()

    def enrol(self, code, name="A test in Python"):
        """Exchanges a one-time code for an identity."""
        request = {
            "code": code,
            "public_key": self.public_key,
            "device_name": name,
            "app": APP,
        }
        answer = json.loads(self.post("/v1/enrol", json.dumps(request)))
        self.id, self.person = answer["device"], answer["person"]
        self.organisation, self.token = answer["organisation"], answer["token"]
        self.server_seen = answer["server_time"]

    # Recording

    def record(self, child, kind, at=None, **keys):
        """Seals a record at the end of the chain. `at` is when it was recorded, if not now."""
        at = at or now()
        record = {"id": uuid7(), "at": at, "recorded": at, "by": self.person["role"]}
        return self.seal({"child": child, **record, "type": kind, **keys})

    def seal(self, record):
        """Seals what a record says as the next event of the chain."""
        origin = {
            "person": self.person["id"],
            "device": self.id,
            "clock": {"wall": now(), "server_seen": self.server_seen},
        }
        record = {**origin, **record}
        record["epoch"], record["seq"] = self.epoch, len(self.log) + 1
        record["previous"] = self.log[-1].hash if self.log else ORIGIN
        self.log.append(self.sign(json.dumps(record, ensure_ascii=False)))
        return self.log[-1]

    def sign(self, body):
        """The sealed event with this exact body."""
        signature = self.key.sign(body.encode()).signature
        return Sealed(body, base64.urlsafe_b64encode(signature).rstrip(b"=").decode())

    def open_epoch(self, number, start):
        """Opens an epoch and seals everything from number `start` on again under it."""
        rest, done = self.log[start - 1 :], self.log[: start - 1]
        self.earlier += [(self.epoch, seq, event) for seq, event in enumerate(done, 1)]
        self.epoch, self.receipts, self.log = number, {}, []
        for event in rest:
            self.seal(json.loads(event.body))

    # Syncing

    def first_pending(self):
        """The first number without a verdict."""
        pending = (seq for seq in range(1, len(self.log) + 1) if seq not in self.receipts)
        return next(pending, len(self.log) + 1)

    def request(self, first_seq=None, events=None):
        """The text of a request; of what is pending where nothing else is said."""
        if first_seq is None:
            first_seq = self.first_pending()
        if events is None:
            most = self.limits["batch_events"]
            events = [event.text() for event in self.log[first_seq - 1 :][:most]]
        request = {
            "protocol": 1,
            "app": APP,
            "clock": {"wall": now(), "server_seen": self.server_seen},
            "epoch": self.epoch,
            "first_seq": first_seq,
            "unsent_beyond": max(0, len(self.log) + 1 - first_seq - len(events)),
            "cursor": self.cursor,
        }
        if self.again:
            request["again"] = list(self.again)[:AGAIN_MAX]
        # The sealed events are put in as text: their bytes are not written again.
        return json.dumps(request)[:-1] + ',"events":[%s]}' % ",".join(events)

    def ask(self, request):
        """Sends a request; the answer as an object, and the exact text of its parts."""
        text = self.post("/v1/sync", request)
        return json.loads(text), raw_values(text)

    def sync(self):
        """Asks until neither side has anything new."""
        for _ in range(1000):
            first_seq = self.first_pending()
            answer, raw = self.ask(self.request())
            sent = len(self.log) + 1 - first_seq
            if self.take(answer, raw, first_seq, sent):
                return
        raise AssertionError("syncing must come to an end")

    def take(self, answer, raw, first_seq, sent):
        """Takes in an answer; whether nothing is left to ask."""
        assert answer["organisation"] == self.organisation, "another organisation answers"
        assert answer["protocol"] <= 1, "the server speaks a newer version"
        numbers = [verdict["seq"] for verdict in answer["verdicts"]]
        assert numbers == list(range(first_seq, first_seq + len(numbers))) and len(numbers) <= sent
        self.server_seen, self.limits = answer["server_time"], answer["limits"]
        fork = None
        for verdict in answer["verdicts"]:
            if verdict["verdict"] == "fork":
                fork = verdict["seq"]
                break
            # A verdict that is not known is final like every other.
            self.receipts[verdict["seq"]] = verdict
        earlier = list(self.earlier)
        self.follow(answer["expected"], fork)
        if "anew" in answer:
            self.begin_anew(answer["anew"]["chains"], earlier)
        self.apply(answer, raw)
        pending = self.first_pending() <= len(self.log)
        return not answer["more"] and not pending and not self.again

    def follow(self, expected, fork):
        """What the page says under "After an answer"."""
        pending, following = self.first_pending(), len(self.log) + 1
        number = max(self.epoch, expected["epoch"]) + 1
        if fork is not None:
            self.open_epoch(number, fork)
        elif expected["epoch"] > self.epoch or expected["seq"] > following:
            self.open_epoch(number, pending)
        elif expected["epoch"] == self.epoch and expected["seq"] < pending:
            self.receipts = {
                seq: verdict for seq, verdict in self.receipts.items() if seq < expected["seq"]
            }
        elif expected["epoch"] == self.epoch and expected["seq"] == pending:
            before = self.log[pending - 2].hash if pending > 1 else ORIGIN
            if before != expected["previous"]:
                self.open_epoch(number, pending)

    def begin_anew(self, chains, earlier):
        """The server did not know the cursor: seals again what it lost of earlier epochs."""
        known = {chain["epoch"]: chain["seq"] for chain in chains}
        for place in earlier:
            epoch, seq, event = place
            if seq >= known.get(epoch, 1):
                self.earlier.remove(place)
                self.seal(json.loads(event.body))
        # Everything comes again; an app keeps what is there until the last page has come.
        self.cards, self.events, self.again = {}, {}, {}

    def apply(self, answer, raw):
        """Applies a page: in an app, in one transaction with the cursor."""
        for child in answer["forget"]:
            self.cards.pop(child, None)
            self.events.pop(child, None)
            self.again.pop(child, None)
        for card in answer["children"]:
            self.cards[card["id"]] = card
            self.events.setdefault(card["id"], {})
        for text in raw_items(raw["events"]):
            placed = raw_values(text)
            event = Sealed.read(placed["event"])
            self.events[json.loads(placed["child"])][event.hash] = event
        for theirs in answer["digests"]:
            child = theirs["child"]
            if digest_of(list(self.events[child])) == theirs["digest"]:
                self.again.pop(child, None)
            else:
                self.again[child] = self.again.get(child, 0) + 1
                assert self.again[child] <= 3, "a child that was sent whole must agree"
        self.cursor = answer["cursor"]
        self.log_epoch, self.backed_up_to = answer["log_epoch"], answer["backed_up_to"]

    def post(self, path, text):
        """One request; the text of the answer, or a `Problem`."""
        headers = {"content-type": "application/json", "accept-encoding": "gzip"}
        body = text.encode()
        if self.gzip:
            headers["content-encoding"] = "gzip"
            body = gzip.compress(body)
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.server + path, body, headers)
        # Straight to the server, whatever proxy the machine is set to.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                # From the first answer on it is known what the server takes.
                self.gzip = "gzip" in answer.headers.get("accept-encoding", "")
                body = answer.read()
                if answer.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                return body.decode()
        except urllib.error.HTTPError as error:
            kind = error.headers["content-type"]
            assert kind == "application/problem+json", f"no problem document: {kind}"
            raise Problem(
                error.code, json.loads(error.read()), error.headers["retry-after"]
            ) from None
