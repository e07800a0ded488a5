"""A loopback server that speaks the Hub's HTTP protocol as far as publishing and downloading a repository need it.

Create, validate-yaml, preupload, LFS batch, upload (whole or in parts), completion, verify, commit, what a repository
holds, and resolve with revisions and ranges. It checks the token, counts what it receives, and fails on demand. Data
sets are repositories whose names start with "datasets/".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BINARY = (".safetensors", ".parquet", ".png")  # what the Hub keeps in LFS


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose "METHOD /path" matches ``where``."""

    where: str
    status: int = 0
    cut_after: int = -1  # bytes of the body that are read before the connection is dropped
    times: int = 1
    body: str = ""


@dataclass
class Repo:
    """Its visibility, and its files at each revision: commit ids, and names such as "main" for them."""

    visibility: str = "public"
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def commit(self, changes: dict[str, bytes]) -> str:
        """Moves "main" on; returns the commit's id."""
        files = self.files("main") | changes
        sha = hashlib.sha1(f"{len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[sha], self.names["main"] = files, sha
        return sha

    def sha(self, revision: str) -> str | None:
        return revision if revision in self.commits else self.names.get(revision)

    def files(self, revision: str) -> dict[str, bytes]:
        return self.commits.get(self.sha(revision) or "", {})


@dataclass
class Hub:
    """What the server holds and what was asked of it."""

    url: str = ""
    token: str = "hf_right"
    repos: dict[str, Repo] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)  # LFS objects by SHA-256
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    part_size: int = 0  # larger objects are asked for in parts of this size; 0 = never
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    received: Counter[str] = field(default_factory=Counter)  # bytes of whole bodies by path
    silent: threading.Event | None = None  # nothing is answered before it is set

    def fail(self, where: str, **how: Any) -> None:
        self.faults.append(Fault(where, **how))

    def count(self, where: str) -> int:
        return sum(bool(re.search(where, asked)) for asked in self.asked)


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        asked = f"{self.command} {path}"
        self.hub.asked.append(asked)
        if self.hub.silent:
            self.hub.silent.wait(60)
        fault = next((one for one in self.hub.faults if one.times and re.search(one.where, asked)), None)
        size = int(self.headers.get("Content-Length", 0))
        if fault:
            fault.times -= 1
            if fault.cut_after >= 0:
                self.rfile.read(min(fault.cut_after, size))
                self.close_connection = True
                return self.connection.close()
        body = self.rfile.read(size)
        self.hub.received[path] += len(body)
        if fault:
            return self.reply(fault.status, fault.body)
        for (method, pattern), handle in ROUTES.items():
            found = re.fullmatch(pattern, path)
            if found and self.command.replace("HEAD", "GET") == method:
                return handle(self, body, *found.groups())
        return self.reply(404, "no such route")

    do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

    def reply(self, status: int, body: object = "", **headers: str) -> None:
        content = body if isinstance(body, bytes) else b"" if body == "" else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(content)), "Content_Type": kind} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # the client may have given up waiting
                self.wfile.write(content)

    def may_write(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {self.hub.token}":
            return True
        self.reply(401, {"error": "Invalid username or password."})
        return False

    def repo(self, name: str) -> Repo | None:
        repo = self.hub.repos.get(name)
        if repo is None:
            self.reply(404, X_Error_Code="RepoNotFound")
        return repo

    def create(self, body: bytes) -> None:
        wish = json.loads(body)
        name = f"{wish['organization']}/{wish['name']}"
        name = f"spaces/{name}" if wish.get("type") == "space" else name
        if self.may_write():
            known = name in self.hub.repos
            if not known:
                self.hub.repos[name] = Repo(wish.get("visibility", "public"))
                self.hub.repos[name].commit({})
            told = {"error": "You already created this model repo"} if known else {}
            self.reply(409 if known else 200, told | {"url": f"{self.hub.url}/{name}"})

    def validate_yaml(self, body: bytes) -> None:
        sound = json.loads(body)["content"].startswith("---\n")
        self.reply(200 if sound else 400, {"errors": [], "warnings": []})

    def preupload(self, body: bytes, name: str, revision: str) -> None:
        if self.may_write() and (repo := self.repo(name)):
            held = repo.files(revision)
            files = [
                {
                    "path": path,
                    "uploadMode": "lfs" if path.endswith(BINARY) else "regular",
                    "shouldIgnore": False,
                    "oid": object_id(path, held[path]) if path in held else None,
                }
                for path in (file["path"] for file in json.loads(body)["files"])
            ]
            self.reply(200, {"files": files})

    def batch(self, body: bytes, name: str) -> None:
        if self.may_write() and self.repo(name):
            objects = [self.offer(one["oid"], one["size"]) for one in json.loads(body)["objects"]]
            self.reply(200, {"transfer": "multipart" if self.hub.part_size else "basic", "objects": objects})

    def offer(self, oid: str, size: int) -> dict[str, Any]:
        """What the client shall do with an object: nothing, if it is here already."""
        if oid in self.hub.blobs:
            return {"oid": oid, "size": size}
        href, header = f"{self.hub.url}/lfs/{oid}?signature=s3cret", {}
        if 0 < self.hub.part_size < size:
            count = -(-size // self.hub.part_size)
            header = {str(part): f"{self.hub.url}/lfs/{oid}/{part}?signature=s3cret" for part in range(1, count + 1)}
            header["chunk_size"] = str(self.hub.part_size)
            href = f"{self.hub.url}/lfs/{oid}/complete"
        upload, verify = {"href": href, "header": header}, {"href": f"{self.hub.url}/lfs/{oid}/verify"}
        return {"oid": oid, "size": size, "actions": {"upload": upload, "verify": verify}}

    def put_whole(self, body: bytes, oid: str) -> None:
        self.store(oid, body)

    def put_part(self, body: bytes, oid: str, part: str) -> None:
        self.hub.parts.setdefault(oid, {})[int(part)] = body
        self.reply(200, ETag=f'"{part}"')

    def complete(self, body: bytes, oid: str) -> None:
        parts = [self.hub.parts[oid][one["partNumber"]] for one in json.loads(body)["parts"]]
        self.store(oid, b"".join(parts))

    def store(self, oid: str, content: bytes) -> None:
        if hashlib.sha256(content).hexdigest() != oid:
            return self.reply(400, {"error": "the content does not match its hash"})
        self.hub.blobs[oid] = content
        return self.reply(200)

    def verify(self, body: bytes, oid: str) -> None:
        held = self.hub.blobs.get(oid)
        self.reply(200 if held is not None and len(held) == json.loads(body)["size"] else 404)

    def commit(self, body: bytes, name: str, revision: str) -> None:
        if self.may_write() and (repo := self.repo(name)):
            changes = {}
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    changes[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    changes[value["path"]] = self.hub.blobs[value["oid"]]
            sha = repo.commit(changes)
            self.reply(200, {"commitUrl": f"{self.hub.url}/{name}/commit/{sha}", "commitOid": sha, "success": True})

    def info(self, _: bytes, name: str, revision: str | None) -> None:
        if repo := self.repo(name):
            sha = repo.sha(revision or "main")
            if sha is None:
                return self.reply(404, X_Error_Code="RevisionNotFound")
            files = [{"rfilename": path, "size": len(content)} for path, content in repo.files(sha).items()]
            return self.reply(200, {"id": name.removeprefix("datasets/"), "sha": sha, "siblings": files})
        return None

    def tree(self, _: bytes, name: str, revision: str, folder: str) -> None:
        if repo := self.repo(name):
            inside = f"{folder}/" if folder else ""
            held = {path: content for path, content in repo.files(revision).items() if path.startswith(inside)}
            if folder and not held:
                return self.reply(404, X_Error_Code="EntryNotFound")
            return self.reply(200, described(held))
        return None

    def resolve(self, _: bytes, name: str, revision: str, path: str) -> None:
        if repo := self.repo(name):
            sha, content = repo.sha(revision), repo.files(revision).get(path)
            if sha is None or content is None:
                return self.reply(404, X_Error_Code="EntryNotFound", X_Repo_Commit=sha or "")
            told = {"ETag": f'"{object_id(path, content)}"', "X_Repo_Commit": sha}
            if part := re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "")):
                start, end = int(part[1]), min(int(part[2] or len(content)), len(content) - 1)
                span = f"bytes {start}-{end}/{len(content)}"
                return self.reply(206, content[start : end + 1], Content_Range=span, **told)
            return self.reply(200, content, **told)
        return None


REPO = r"((?:datasets/|spaces/)?[\w.-]+/[\w.-]+)"
API = f"/api/(?:models/)?{REPO}"
ROUTES = {
    ("POST", "/api/repos/create"): HubHandler.create,
    ("POST", "/api/validate-yaml"): HubHandler.validate_yaml,
    ("POST", f"{API}/preupload/(.+)"): HubHandler.preupload,
    ("POST", rf"/{REPO}\.git/info/lfs/objects/batch"): HubHandler.batch,
    ("PUT", "/lfs/([0-9a-f]{64})"): HubHandler.put_whole,
    ("PUT", "/lfs/([0-9a-f]{64})/([0-9]+)"): HubHandler.put_part,
    ("POST", "/lfs/([0-9a-f]{64})/complete"): HubHandler.complete,
    ("POST", "/lfs/([0-9a-f]{64})/verify"): HubHandler.verify,
    ("POST", f"{API}/commit/(.+)"): HubHandler.commit,
    ("GET", f"{API}(?:/revision/(.+))?"): HubHandler.info,
    ("GET", f"{API}/tree/([^/]+)/?(.*)"): HubHandler.tree,
    ("GET", f"/{REPO}/resolve/([^/]+)/(.+)"): HubHandler.resolve,
}


def described(files: dict[str, bytes]) -> list[dict[str, Any]]:
    """What the Hub says of files without fetching them."""
    return [
        {"type": "file", "path": path, "size": len(content), "oid": object_id(path, content)}
        for path, content in files.items()
    ]


def object_id(path: str, content: bytes) -> str:
    """What the Hub calls a file's content: SHA-256 in LFS, otherwise git's SHA-1 of a blob."""
    if path.endswith(BINARY):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Runs the server; ``hub.url`` is its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), HubHandler)
    server.hub = hub  # type: ignore[attr-defined]
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield hub
    finally:
        if hub.silent:
            hub.silent.set()
        server.shutdown()
        server.server_close()
