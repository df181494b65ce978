"""Reads messages with Python's email package, for the test that compares it with the tables of testdata/reading.

In: lines of JSON, each a message in base64. Out: the version, and for each message an object of what Python finds.
"""

import base64
import email
import email.policy
import json
import sys


def clean(value):
    return str(value).encode("utf-8", "replace").decode()


def attempt(f):
    try:
        return clean(f())
    except Exception as e:  # what Python cannot read is a difference like any other
        return "(" + type(e).__name__ + ")"


def body(m, kind):
    part = m.get_body((kind,))
    return part.get_content().replace("\r\n", "\n") if part is not None else ""


def addresses(m, name):
    return ", ".join(f"{a.display_name} <{a.addr_spec}>".strip() for h in m.get_all(name, []) for a in h.addresses)


print(json.dumps("%d.%d" % sys.version_info[:2]))
for line in sys.stdin:
    m = email.message_from_bytes(base64.b64decode(json.loads(line)), policy=email.policy.default)
    print(json.dumps({
        "text": attempt(lambda: body(m, "plain")),
        "html": attempt(lambda: body(m, "html")),
        "from": attempt(lambda: addresses(m, "From")),
        "to": attempt(lambda: addresses(m, "To")),
        "Subject": attempt(lambda: m.get("Subject", "")),
        "type": attempt(m.get_content_type),
        "filename": attempt(lambda: "|".join(p.get_filename() for p in m.walk() if p.get_filename())),
    }))
