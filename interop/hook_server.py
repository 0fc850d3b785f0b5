"""A web server of MTA Hooks, as a program of its own: `hook_server.py PORT FOLDER`. The subject says what it answers.

It keeps each request of the stage `data` as NUMBER.json, and puts the message together again as NUMBER.eml.
"""

from __future__ import annotations

import base64
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ANSWERS = {
    "accept": {"action": "accept"},
    "reject": {
        "action": "reject",
        "response": {"status": 554, "enhancedStatus": "5.6.0", "message": "Not this one", "disconnect": False},
    },
    "discard": {"action": "discard"},
    "quarantine": {"action": "quarantine"},
    "unknown": {"action": "accept", "modifications": [{"type": "shred"}]},
    "modify": {
        "action": "accept",
        "modifications": [
            {"type": "changeFrom", "value": "bounces@example.com"},
            {"type": "addRecipient", "value": "archive@example.com"},
            {"type": "deleteRecipient", "value": "second@example.com"},
            {"type": "addHeader", "name": "X-Top", "value": "1"},
            {"type": "insertHeader", "index": 1, "name": "X-Second", "value": "2"},
            {"type": "changeHeader", "index": 1, "name": "Subject", "value": "changed"},
            {"type": "deleteHeader", "index": 1, "name": "X-Bad"},
            {"type": "replaceContents", "value": "Nothing to see\r\n.\r\n"},
        ],
    },
}


class _Hook(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    seen = 0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = _ANSWERS["accept"]
        if request["context"]["stage"] == "rcpt":
            if request["envelope"]["to"][-1]["address"].startswith("nobody@"):
                answer = {"action": "reject", "response": {"status": 550, "message": "Nobody"}}
        elif request["context"]["stage"] == "data":
            answer = _ANSWERS.get(self._keep(request), answer)
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _keep(self, request: dict) -> str:
        """Keeps the message, and returns its subject."""
        message = request["message"]
        if "raw" in message:
            whole = base64.b64decode(message["raw"], validate=True)
        else:
            fields = "".join(f"{name}:{value}" for name, value in message["headers"])
            whole = f"{fields}\r\n{message['contents']}".encode()
        assert len(whole) == message["size"]
        _Hook.seen += 1
        (self.folder / f"{_Hook.seen}.eml").write_bytes(whole)
        (self.folder / f"{_Hook.seen}.json").write_text(json.dumps(request["context"]))
        subjects = [value.strip() for name, value in message["headers"] if name.lower() == "subject"]
        return subjects[0] if subjects else ""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    _Hook.folder = Path(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), _Hook).serve_forever()
