"""Prints keys-and-tokens.json: vectors made without any code of Token Ledger.

Python's hmac and hashlib, HKDF written out from RFC 5869, AES-GCM from the package `cryptography`.
Run: python3 test/vectors/keys-and-tokens.py > test/vectors/keys-and-tokens.json
"""

import base64
import hashlib
import hmac
import json
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MASTER_KEYS = {"1": bytes(range(32)), "65535": bytes(range(255, 223, -1))}
KINDS = {"refresh": ("tlr_", 1), "code": ("tlc_", 2), "access": ("tla_", 3), "session": ("tls_", 4)}


def base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def derive(key_id, purpose):
    extracted = hmac.new(bytes(32), MASTER_KEYS[key_id], hashlib.sha256).digest()
    return hmac.new(extracted, purpose.encode() + b"\x01", hashlib.sha256).digest()


def token(kind, key_id, epoch, log, identifier, number, project="default"):
    prefix, kind_byte = KINDS[kind]
    content = struct.pack(">BBHHH", 1, kind_byte, int(key_id), epoch, log)
    content += bytes.fromhex(identifier) + struct.pack(">I", number)
    key = derive(key_id, f"token-ledger/v1/{kind}/{project}")
    mac = hmac.new(key, prefix.encode() + content, hashlib.sha256).digest()
    return {
        "project": project,
        "token": {"kind": kind, "keyId": key_id, "epoch": epoch, "log": log, "id": identifier, "number": number},
        "text": prefix + base64url(content + mac),
    }


def box(key_id, purpose, context, content):
    head = struct.pack(">BH", 1, int(key_id))
    nonce = bytes(range(100, 112))
    sealed = AESGCM(derive(key_id, purpose)).encrypt(nonce, content, head + context.encode())
    ciphertext, tag = sealed[:-16], sealed[-16:]
    return {
        "purpose": purpose,
        "context": context,
        "content": content.decode(),
        "box": (head + nonce + tag + ciphertext).hex(),
    }


FAMILY = "0192f3a4b5c67d8e8f90a1b2c3d4e5f6"
PURPOSES = ["token-ledger/v1/refresh/default", "token-ledger/v1/vault", ""]
print(
    json.dumps(
        {
            "source": "test/vectors/keys-and-tokens.py",
            "masterKeys": {key_id: base64url(key) for key_id, key in MASTER_KEYS.items()},
            "derived": [
                {"keyId": key_id, "purpose": purpose, "key": derive(key_id, purpose).hex()}
                for key_id in MASTER_KEYS
                for purpose in PURPOSES
            ],
            "tokens": [
                token("refresh", "1", 0, 0, FAMILY, 0),
                token("refresh", "1", 0, 0, FAMILY, 1),
                token("refresh", "65535", 65535, 65535, "f" * 32, 4294967295),
                token("refresh", "1", 1, 2, "0" * 32, 258, "acme"),
                token("code", "1", 0, 0, FAMILY, 0),
                token("access", "1", 3, 1, FAMILY, 77),
                token("session", "1", 0, 0, FAMILY, 0),
            ],
            "boxes": [
                box("1", "token-ledger/v1/vault", "profiles/u_1", b'{"username":"alice"}'),
                box("65535", "token-ledger/v1/vault", "private_keys/k/1", b""),
            ],
        },
        indent=2,
    )
)
