"""A journey with the client: python journey.py PAGE SERVER CODE OTHER_CODE

PAGE is docs/sync-protocol.md, whose examples are checked first. CODE and OTHER_CODE enrol two devices
of people who share a child. Prints what happened, one line for each step; ends with 1 at the first
thing that is not as the page says.
"""

import json
import sys

from doorstep_client import ORIGIN, Device, Problem, Sealed, digest_of, raw_items, raw_values


def examples(page):
    """The examples of the page, by name."""
    found = {}
    for part in page.split("\n<!-- begin: ")[1:]:
        name, rest = part.split(" -->\n", 1)
        if rest.startswith("```json\n"):
            found[name] = rest.removeprefix("```json\n").split("\n```\n", 1)[0]
    return found


def check_examples(page):
    """Hash, signature, key and digest of the page are what this client makes of them."""
    shown = examples(page)
    device = Device("", key=bytes([9] * 32))
    assert json.loads(shown["enrol-request"])["public_key"] == device.public_key
    seal = json.loads(shown["first-seal"])
    event = device.sign(shown["first-body"])
    assert (event.hash, event.signature) == (seal["hash"], seal["signature"])
    request = raw_values(shown["first-request"])
    travelled = Sealed.read(raw_items(request["events"])[0])
    assert (travelled.body, travelled.hash) == (event.body, event.hash)
    travelled.verify(device.public_key)
    summed = json.loads(shown["digest-sum"])
    assert digest_of(summed["hashes"]) == summed["digest"]


def words(answer):
    """The verdicts of an answer, each with its code where it has one."""
    return [
        " ".join(filter(None, [verdict["verdict"], verdict.get("code")]))
        for verdict in answer["verdicts"]
    ]


def expect(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def refused(act, status, kind):
    """The problem that `act` is answered with."""
    try:
        act()
    except Problem as problem:
        expect((problem.status, problem.kind), (status, kind))
        assert problem.instance.startswith("urn:uuid:")
        return
    raise AssertionError(f"{kind} was expected")


def push(device):
    """What must come of each thing that a device can send, in one chain."""
    child = next(iter(device.cards))
    one = device.record(child, "failed-contact", form="no-response")
    two = device.record(child, "further-attempt", note="rang at the back, nobody came: 19 °C")
    answer, _ = device.ask(device.request(1))
    expect(words(answer), ["stored", "stored"])
    again, _ = device.ask(device.request(1))
    expect(words(again), ["duplicate", "duplicate"])
    places = [verdict["position"] for verdict in answer["verdicts"]]
    expect([verdict["position"] for verdict in again["verdicts"]], places)
    print("pushed two records, and again after the answer was lost")

    three, four = (device.record(child, "further-attempt") for _ in range(2))
    hole, _ = device.ask(device.request(4, [four.text()]))
    expect((words(hole), hole["expected"]["seq"]), ([], 3))
    expect(hole["expected"]["previous"], two.hash)
    print("a hole got no verdict, and was told what is expected")

    malformed = device.sign(json.dumps({**json.loads(three.body), "form": 5, "at": "yesterday"}))
    after = device.sign(json.dumps({**json.loads(four.body), "previous": malformed.hash}))
    spoilt, _ = device.ask(device.request(3, [malformed.text(), after.text()]))
    expect(words(spoilt), ["quarantined malformed", "stored"])
    print("a malformed event was set aside, and did not hold up the next")

    device.log[2:] = [malformed, after]
    newer = device.record(child, "seen-by-satellite")
    stranger = device.record(device.id, "further-attempt")
    unknown, _ = device.ask(device.request(5))
    expect(words(unknown), ["quarantined unknown-type", "quarantined unknown-child"])
    assert newer.hash != stranger.hash and unknown["expected"]["previous"] == stranger.hash
    print("a type and a child that the server does not know were set aside")
    return child, one


def split(device, child):
    """The device is put back to a state from before it recorded: its chain splits."""
    held = len(device.log)
    device.log, device.receipts = [], {}
    lost = device.record(child, "family-made-contact")
    device.sync()
    expect((device.epoch, len(device.log)), (2, 1))
    resealed = device.log[0]
    expect(json.loads(resealed.body)["previous"], ORIGIN)
    expect(json.loads(resealed.body)["id"], json.loads(lost.body)["id"])
    expect(device.receipts[1]["verdict"], "stored")
    print(f"a fork after {held} events opened epoch 2, and nothing was lost")
    return resealed


def main(page, server, code, other_code):
    with open(page, encoding="utf-8") as file:
        check_examples(file.read())
    print("the examples of the page are right")

    device, other = Device(server), Device(server)
    refused(lambda: device.enrol("AAAAA-AAAAA"), 403, "enrolment")
    device.enrol(code)
    other.enrol(other_code)
    device.sync()
    assert device.cards, "a caseload came"
    print(f"enrolled, and pulled a caseload of {len(device.cards)}")

    child, first = push(device)
    resealed = split(device, child)

    other.sync()
    held = other.events[child]
    for event in (first, resealed):
        held[event.hash].verify(device.public_key)
        expect(held[event.hash].body, event.body)
    device.sync()
    expect(set(device.events[child]), set(held))
    print(f"the other device holds the same {len(held)} events, byte for byte")

    held.popitem()
    other.again[child] = 1
    other.sync()
    expect(set(device.events[child]), set(other.events[child]))
    print("a copy that differed was sent again, and agrees")

    device.token += "x"
    refused(device.sync, 401, "unauthenticated")
    print("a token that is not right was refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
