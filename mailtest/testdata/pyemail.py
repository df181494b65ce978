"""Reads messages with Python's email package, for the test that compares it with ours.

In: lines of JSON, {"name", "raw": base64}. Out: the same lines, each with what Python finds, under "default" (the policy of that
name) and "compat32" (the old interface). Then, if they are in sys.path, the messages of Python's own tests of email, and
a last line that says how many.
"""

import ast
import base64
import email
import email.header
import email.policy
import email.utils
import functools
import gc
import hashlib
import json
import os
import re
import sys
import textwrap


def unflow(text, delsp):
    """RFC 3676 section 4, for text whose lines end in LF."""
    out, open_depth = [], None
    lines = text.split("\n")
    ended = lines[-1] == ""
    if ended:
        lines.pop()
    for n, line in enumerate(lines):
        body = line.lstrip(">")
        depth = len(line) - len(body)
        body = body[1:] if body.startswith(" ") else body
        soft = body.endswith(" ") and body != "-- " and (ended or n + 1 < len(lines))
        if soft and delsp:
            body = body[:-1]
        if open_depth == depth and body != "-- ":
            out[-1] += body
        else:
            out.append((">" * depth + " " if depth else "") + body)
        open_depth = depth if soft else None
    return "\n".join(out) + ("\n" if ended else "")


def readable(part, text):
    text = text.replace("\r\n", "\n").removeprefix("\ufeff")
    if part.get_content_type() == "text/plain" and str(part.get_param("format", "")).lower() == "flowed":
        text = unflow(text, str(part.get_param("delsp", "")).lower() == "yes")
    return text


def clean(value):
    """JSON knows no lone surrogates, which stand for bytes beyond ASCII."""
    if value is None:
        return ""
    return value.encode("utf-8", "replace").decode()


def attempt(f):
    try:
        return f()
    except Exception as e:  # what Python cannot read is a difference like any other
        return "(" + type(e).__name__ + ")"


class Default:
    # Each time that it is asked for a field, the policy parses it; that is most of the time.
    policy = email.policy.default.clone(header_factory=functools.cache(email.policy.default.header_factory))

    def subject(self, m):
        return clean(m["subject"])

    def addresses(self, m, name):
        return [[clean(a.display_name), clean(a.addr_spec)] for h in m.get_all(name, []) for a in h.addresses]

    def filename(self, part):
        return clean(part.get_filename())

    def text(self, part):
        return part.get_content()


class Compat32:
    policy = email.policy.compat32

    def header(self, value):
        return str(email.header.make_header(email.header.decode_header(value)))

    def subject(self, m):
        value = m["subject"]
        if value is None:
            return ""
        return clean(re.sub(r"\r?\n", "", self.header(re.sub(r"\r?\n(?=[ \t])", "", str(value)))).strip(" "))

    def addresses(self, m, name):
        values = [re.sub(r"\r?\n(?=[ \t])", "", str(v)) for v in m.get_all(name, [])]
        try:  # newer ones, and those that Debian has mended, drop all of a list that is not strictly right
            pairs = email.utils.getaddresses(values, strict=False)
        except TypeError:
            pairs = email.utils.getaddresses(values)
        return [[clean(self.header(n)), clean(a)] for n, a in pairs if n or a]

    def filename(self, part):
        name = part.get_filename()
        return clean(self.header(re.sub(r"\r?\n(?=[ \t])", "", name))) if name else ""

    def text(self, part):
        return part.get_payload(decode=True).decode(part.get_content_charset("us-ascii"), "replace")


def leaves(reader, m):
    media_type = m.get_content_type()
    main_type = media_type.split("/")[0]
    if main_type == "message" and media_type not in ("message/rfc822", "message/global"):
        return [{"type": media_type}]  # Python takes them apart, whatever is in them
    if main_type == "message" and m.is_multipart():
        return [{"type": media_type, "name": attempt(lambda: reader.filename(m)), "message": read(reader, m.get_payload(0))}]
    if m.is_multipart():
        return [leaf for part in m.get_payload() for leaf in leaves(reader, part)]
    content = m.get_payload(decode=True) or b""
    leaf = {"type": media_type, "name": attempt(lambda: reader.filename(m)), "sha256": hashlib.sha256(content).hexdigest()}
    if main_type == "text":
        leaf["text"] = attempt(lambda: clean(readable(m, reader.text(m))))
        del leaf["sha256"]  # the text says more
    return [leaf]


def read(reader, m):
    return {
        "subject": attempt(lambda: reader.subject(m)),
        **{name: attempt(lambda: reader.addresses(m, name)) for name in ("from", "to", "cc")},
        "leaves": leaves(reader, m),
    }


def answer(name, raw):
    out = {"name": name, "raw": base64.b64encode(raw).decode()}
    for reader in Default(), Compat32():
        out[type(reader).__name__.lower()] = read(reader, email.message_from_bytes(raw, policy=reader.policy))
    print(json.dumps(out))


def own_messages():
    """The messages in the tests of the email package: its files, and what looks like a message in its sources."""
    for directory in sys.path:
        tests = os.path.join(directory, "test", "test_email")
        if not os.path.isdir(os.path.join(tests, "data")):
            continue
        for name in sorted(os.listdir(os.path.join(tests, "data"))):
            if name.endswith(".txt"):
                with open(os.path.join(tests, "data", name), "rb") as f:
                    yield name.removesuffix(".txt"), f.read()
        seen = set()
        for source in sorted(os.listdir(tests)):
            if not source.endswith(".py"):
                continue
            with open(os.path.join(tests, source), encoding="utf-8") as f:
                tree = ast.parse(f.read())
            for node in ast.walk(tree):
                if not isinstance(node, ast.Constant) or not isinstance(node.value, (str, bytes)):
                    continue
                raw = node.value
                if isinstance(raw, str):
                    raw = textwrap.dedent(raw).encode("utf-8", "surrogateescape" if "\udc80" <= max(raw, default="") <= "\udcff" else "replace")
                raw = raw.lstrip(b"\n")
                if raw.count(b"\n") >= 3 and re.match(rb"[A-Za-z][A-Za-z-]*:", raw) and raw not in seen:
                    seen.add(raw)
                    yield source.removesuffix(".py") + "-" + hashlib.sha256(raw).hexdigest()[:8], raw
        return


gc.disable()  # which is a third of the time, for a process that ends within a second
for line in sys.stdin:
    message = json.loads(line)
    answer(message["name"], base64.b64decode(message["raw"]))
own = 0
for name, raw in own_messages():
    answer("python/" + name, raw)
    own += 1
print(json.dumps({"own": own, "version": "%d.%d" % sys.version_info[:2]}))
