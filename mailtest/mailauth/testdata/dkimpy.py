# Signs or verifies messages with dkimpy. Each line of the input is a JSON object, and each
# line of the output is what became of it, in the same order. The exit status is 3 if dkimpy is not installed.
import base64
import json
import sys

try:
    import dkim
    import nacl  # for Ed25519
except ImportError:
    sys.exit(3)

for line in sys.stdin:
    case = json.loads(line)
    message = base64.b64decode(case["message"])
    if case["do"] == "verify":
        record = case["record"].encode()
        try:
            ok = dkim.verify(message, dnsfunc=lambda name, timeout=5: record)
        except dkim.DKIMException as err:
            ok = str(err)
        print(json.dumps({"ok": ok is True, "error": str(ok)}))
    else:
        head, body = case["c"].split("/")
        field = dkim.sign(
            message, b"test", b"shop.example", case["key"].encode(),
            canonicalize=(head.encode(), body.encode()), signature_algorithm=case["a"].encode(),
        )
        print(json.dumps({"field": base64.b64encode(field).decode()}))
