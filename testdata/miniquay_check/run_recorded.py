"""Runs the sample application, records what its requests enqueue, and checks expected.json.

    python run_recorded.py                  check; prints what was observed, as JSON
    python run_recorded.py --quick          the same, under the base settings only
    python run_recorded.py --routes         prints the routes Flask has, as JSON; checks nothing
    python run_recorded.py --observe '{}'   one run under the given settings, as JSON

Needs Python 3.11 or newer, flask and flask-restful. Each set of settings runs in a process of its
own, one after the other, because features decide what is registered when modules are imported.
"""

import csv
import importlib
import inspect
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent / "miniquay"
EXPECTED = HERE / "expected.json"

# A login service that only these settings name; its rules are templates to everyone else.
BASE_SETTINGS = {"CORP_LOGIN_CONFIG": {"CLIENT_ID": "corp-client"}}

REPO = "/api/v1/repository/acme/tool"
DIGEST = "sha256:0a1b"
LABELS = f"{REPO}/manifest/{DIGEST}/labels"

# One line per route at least: (method, path, arguments of the test client).
REQUESTS = [
    ("GET", "/", {}),
    ("GET", "/v1", {}),
    ("GET", "/v1/", {}),
    ("GET", "/contact", {}),
    ("POST", "/contact", {"data": {"address": "a@example.com"}}),
    ("POST", "/feedback", {"data": "fine"}),
    ("GET", "/exports/acme", {}),
    ("POST", "/exports/acme", {}),
    ("GET", "/api/v1/repository", {}),
    ("POST", "/api/v1/repository", {}),
    ("GET", REPO, {}),
    ("DELETE", REPO, {}),
    ("DELETE", f"{REPO}/pending", {}),
    ("GET", f"{REPO}/logs", {}),
    ("POST", f"{REPO}/exportlogs", {}),
    ("POST", f"{REPO}/exportlogs?callback_url=http://example.com/done", {}),
    ("POST", f"{REPO}/archivelogs", {}),
    ("GET", f"{REPO}/build/", {}),
    ("POST", f"{REPO}/build/", {}),
    ("GET", f"{REPO}/trigger/custom", {}),
    ("POST", f"{REPO}/trigger/hosted", {}),
    ("POST", f"{REPO}/trigger/custom", {}),
    ("GET", f"{REPO}/notification/", {}),
    ("POST", f"{REPO}/notification/", {}),
    ("POST", f"{REPO}/notification/1234/test", {}),
    ("POST", f"{REPO}/notification/mail/preview", {}),
    ("POST", f"{REPO}/notification/web/preview", {}),
    ("GET", f"{REPO}/manifest/{DIGEST}", {}),
    ("GET", LABELS, {}),
    ("POST", LABELS, {}),
    ("PUT", f"{REPO}/bookmark/latest", {}),
    ("DELETE", "/api/v1/organization/acme", {}),
    ("GET", "/api/v1/organization/acme/prune", {}),
    ("POST", "/api/v1/organization/acme/prune", {}),
    ("GET", "/api/v1/organization/acme/rotation", {}),
    ("POST", "/api/v1/organization/acme/rotation", {}),
    ("GET", "/api/v1/organization/acme/sync", {}),
    ("POST", "/api/v1/organization/acme/sync", {}),
    ("PUT", "/api/v1/organization/acme/sync", {}),
    ("POST", "/api/v1/organization/acme/exportlogs", {}),
    ("POST", "/api/v1/organization/acme/exportlogs?callback_url=http://example.com/done", {}),
    ("GET", "/api/v1/organization/acme/team/ops/member/ann", {}),
    ("PUT", "/api/v1/organization/acme/team/ops/member/ann", {}),
    ("GET", "/api/v1/organization/acme/mirror", {}),
    ("POST", "/api/v1/organization/acme/mirror", {}),
    ("GET", "/api/v1/user/ann/mirror", {}),
    ("POST", "/api/v1/user/ann/mirror", {}),
    ("GET", "/api/v1/mirror/acme", {}),
    ("POST", "/api/v1/mirror/acme", {}),
    ("DELETE", "/api/v1/uploads/mirror/77", {}),
    ("DELETE", "/api/v1/uploads/archive/77", {}),
    ("DELETE", "/api/v1/superuser/repository/acme/tool", {}),
    ("PUT", "/api/v1/superuser/repository/acme/tool", {}),
    ("GET", "/api/v1/superuser/logs", {}),
    ("GET", "/api/v1/superuser/keys", {}),
    ("POST", "/api/v1/superuser/keys", {}),
    ("GET", "/api/v1/superuser/messages", {}),
    ("PUT", "/api/v1/superuser/messages", {}),
    ("GET", "/api/v1/superuser/probe/remote/latest", {}),
    ("GET", "/api/v1/superuser/probe/local/latest", {}),
    ("GET", "/internal/status", {}),
    ("GET", "/internal/queues", {}),
    ("GET", "/internal/queue-metrics", {}),
    ("GET", "/oauth2/github/callback?code=1", {}),
    ("POST", "/oauth2/github/callback", {"data": {"code": "1"}}),
    ("GET", "/oauth2/github/callback/attach?code=1", {}),
    ("GET", "/oauth2/gitlab/callback?code=1", {}),
    ("POST", "/oauth2/gitlab/callback", {"data": {"code": "1"}}),
    ("GET", "/oauth2/gitlab/callback/attach?code=1", {}),
    ("GET", "/oauth2/corp/callback?code=1", {}),
    ("POST", "/oauth2/corp/callback", {"data": {"code": "1"}}),
    ("GET", "/oauth2/corp/callback/attach?code=1", {}),
    ("POST", "/webhooks/payment", {}),
    ("GET", "/webhooks/status", {}),
    ("GET", "/realtime/subscribe", {}),
    ("GET", "/.well-known/capabilities", {}),
    ("POST", "/hooks/github/1", {"data": "push"}),
    ("POST", "/hooks/github/1", {}),
    ("POST", "/hooks/gitlab/1", {"data": "push"}),
    ("POST", "/hooks/gitlab/1", {}),
    ("GET", "/v1/_ping", {}),
    ("PUT", "/v1/repositories/acme/tool/images", {}),
    ("PUT", "/v1/repositories/acme/tool/auth", {}),
    ("POST", "/v1/repositories/acme/tool/copies", {}),
    ("GET", "/v1/repositories/acme/tool/copies", {}),
    ("GET", "/v1/images/abc/layer", {}),
    ("GET", "/v1/images/abc/size", {}),
    ("GET", "/v1/images/abc/json", {}),
    ("GET", "/v2/", {}),
    ("HEAD", "/v2/acme/tool/blobs/sha256:0a1c", {}),
    ("GET", f"/v2/acme/tool/blobs/{DIGEST}", {}),
    ("POST", f"/v2/acme/tool/blobs/uploads/?digest={DIGEST}", {"data": "layer"}),
    ("POST", f"/v2/acme/tool/blobs/uploads/?digest={DIGEST}", {}),
    ("POST", f"/v2/acme/tool/blobs/mounts/?digest={DIGEST}", {"data": "layer"}),
    ("POST", f"/v2/acme/tool/blobs/mounts/?digest={DIGEST}", {}),
    ("GET", "/v2/acme/tool/blobs/uploads/77", {}),
    ("PATCH", "/v2/acme/tool/blobs/uploads/77", {"data": "part"}),
    ("PUT", f"/v2/acme/tool/blobs/uploads/77?digest={DIGEST}", {"data": "part"}),
    ("DELETE", "/v2/acme/tool/blobs/uploads/77", {}),
    ("GET", "/v2/acme/tool/manifests/latest", {}),
    ("DELETE", "/v2/acme/tool/manifests/latest", {}),
    ("GET", f"/v2/acme/tool/manifests/{DIGEST}", {}),
    ("HEAD", f"/v2/acme/tool/manifests/{DIGEST}", {}),
    ("GET", f"/v2/acme/tool/referrers/{DIGEST}", {}),
    ("GET", "/v2/acme/tool/tags/list", {}),
    ("GET", "/secscan/status", {}),
    ("POST", "/secscan/notification", {"json": {"notification_id": "n-1"}}),
    ("GET", "/userfiles/f-1", {}),
    ("PUT", "/userfiles/f-1", {}),
    ("GET", "/logfiles/f-1", {}),
    ("PUT", "/logfiles/f-1", {}),
    ("GET", "/_storage_proxy_auth", {}),
    ("POST", "/_storage_proxy_report", {}),
]

# The settings under which a gate does not hold.
CLOSED_BY = {
    "config.ALLOW_LABELS": {"ALLOW_LABELS": False},
    "config.LOGS_MODEL": {"LOGS_MODEL": "none"},
    "config.MAIL_ON_CONTACT": {"MAIL_ON_CONTACT": False},
    "config.MIRROR_DRIVER": {"MIRROR_DRIVER": "LocalStorage"},
    "config.STORAGE_LOCATIONS": {"STORAGE_LOCATIONS": {"swift_eu": ["MemoryStorage", {}]}},
    "config.STORAGE_PREFERENCE": {"STORAGE_PREFERENCE": "local_us"},
    "features.BUILD_SUPPORT": {"FEATURE_BUILD_SUPPORT": False},
    "features.LOG_EXPORT": {"FEATURE_LOG_EXPORT": False},
    "features.PROXY_CACHE": {"FEATURE_PROXY_CACHE": False},
    "features.REPO_MIRROR": {"FEATURE_REPO_MIRROR": False},
    "features.STORAGE_REPLICATION": {"FEATURE_STORAGE_REPLICATION": False},
    "not config.MAINTENANCE_MODE": {"MAINTENANCE_MODE": True},
    "not features.QUIET_CREATE": {"FEATURE_QUIET_CREATE": True},
}
# Gates whose value is code, which no setting can replace.
NOT_A_SETTING = {"config.PRUNE_POLICY", "config.ROTATION_STEP"}

# Other settings that must bring no edge and take none away.
NEUTRAL_SETTINGS = [
    {"LOGS_MODEL": "document", "ARCHIVE_MODEL": "closed"},
    {"MODEL_CACHE": "dict", "ARCHIVE_DRIVER": "MemoryStorage"},
    {"FEATURE_SCAN_CALLBACKS": False},
]


# ----------------------------------------------------------------- one run, in its own process


def load_application(settings):
    os.environ["MINIQUAY_SETTINGS"] = json.dumps(settings)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(ROOT))
    for entry_module in ("web", "registry", "secscan"):
        importlib.import_module(entry_module)
    return importlib.import_module("app")


def definition_of(function):
    function = inspect.unwrap(function)
    code = getattr(function, "__func__", function).__code__
    path = Path(code.co_filename)
    inside = path.is_relative_to(ROOT)
    return {
        "file": path.relative_to(ROOT).as_posix() if inside else None,
        "symbol": code.co_qualname,
    }


def handler_of(view, method):
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return definition_of(view)
    return definition_of(getattr(view_class, method.lower(), None) or view_class.dispatch_request)


def methods_of(rule):
    methods = set(rule.methods) - {"OPTIONS"}
    if "GET" in methods:
        methods.discard("HEAD")
    return sorted(methods)


def routes_of(app):
    return [
        {
            "method": method,
            "rule": rule.rule,
            "endpoint": rule.endpoint,
            "handler": handler_of(app.view_functions[rule.endpoint], method),
        }
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in methods_of(rule)
    ]


def queues_of(app_module):
    from data.queue import WorkQueue

    return [
        {"name": value._queue_name, "variable": name, "has_namespace": value._has_namespace}
        for name, value in sorted(vars(app_module).items())
        if isinstance(value, WorkQueue)
    ]


def project_frames():
    """The frames of the application below the caller, outermost first, without the queue itself."""
    frames = []
    frame = sys._getframe(1)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(ROOT):
            frames.append((path.relative_to(ROOT).as_posix(), frame.f_code.co_qualname))
        frame = frame.f_back
    frames = [entry for entry in frames if entry[0] != "data/queue.py"]
    return frames[::-1]


def observe(settings):
    app_module = load_application(settings)
    app = app_module.app

    from data.queue import add_recorder
    from werkzeug.exceptions import HTTPException

    current = {}
    observed = []

    def record(queue_name, operation, body):
        if not current:
            return
        frames = project_frames()
        file, symbol = frames[-1]
        observed.append(
            {
                **current,
                "queue": queue_name,
                "producer": {"file": file, "symbol": symbol, "operation": operation},
                "body_keys": sorted(json.loads(body)),
                "stack": [frame_symbol for _, frame_symbol in frames],
            }
        )

    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
    add_recorder(record)

    client = app.test_client()
    adapter = app.url_map.bind("localhost")
    answers = []
    for method, path, arguments in REQUESTS:
        try:
            rule, _ = adapter.match(path.partition("?")[0], method, return_rule=True)
        except HTTPException:
            answers.append({"method": method, "path": path, "rule": None, "status": 404})
            continue
        current.update(method=method, rule=rule.rule)
        response = client.open(path, method=method, **arguments)
        response.get_data()
        response.close()
        for thread in threading.enumerate():
            if thread is not threading.current_thread():
                thread.join()
        current.clear()
        answers.append(
            {"method": method, "path": path, "rule": rule.rule, "status": response.status_code}
        )
    return {
        "routes": routes_of(app),
        "queues": queues_of(app_module),
        "answers": answers,
        "observed": observed,
    }


# ----------------------------------------------------------------- the check


def run(settings):
    command = [sys.executable, str(Path(__file__).resolve()), "--observe"]
    command.append(json.dumps({**BASE_SETTINGS, **settings}))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"the run under {settings} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def in_order(wanted, chain):
    rest = iter(chain)
    return all(symbol in rest for symbol in wanted)


class Check:
    def __init__(self, expected):
        self.expected = expected
        self.problems = []
        self.rule_names = {
            route["runtime"]["rule"]: route["rule"]
            for route in expected["routes"]
            if "runtime" in route
        }
        self.routes = {(route["method"], route["rule"]): route for route in expected["routes"]}
        self.edges = {self.triple(edge): edge for edge in expected["edges"]}
        self.non_edges = {self.triple(entry) for entry in expected["non_edges"]}

    def problem(self, where, text):
        self.problems.append(f"{where}: {text}")

    def key(self, entry):
        return entry["method"], self.rule_names.get(entry["rule"], entry["rule"])

    def triple(self, entry):
        return (*self.key(entry), entry["queue"])

    def lists(self):
        """What can be said of expected.json by itself."""
        if len(self.routes) != len(self.expected["routes"]):
            self.problem("routes", "a pair is listed twice")
        if len(self.edges) != len(self.expected["edges"]):
            self.problem("edges", "an edge is listed twice")
        for triple in self.non_edges & set(self.edges):
            self.problem("non_edges", f"{triple} is an edge too")
        names = {queue["name"] for queue in self.expected["queues"]}
        for triple in self.non_edges | set(self.edges):
            if triple[:2] not in self.routes:
                self.problem("edges", f"{triple} is on no listed route")
            if triple[2] not in names:
                self.problem("edges", f"{triple} is on no listed queue")
        for edge in self.expected["edges"]:
            if not set(self.routes[self.key(edge)]["gates"]) <= set(edge["gates"]):
                self.problem("edges", f"{self.triple(edge)} lacks a gate of its route")
            for gate in edge["gates"] + edge.get("value_gates", []):
                if gate not in CLOSED_BY and gate not in NOT_A_SETTING:
                    self.problem("edges", f"unknown gate {gate}")

    def tracker(self):
        """Rows name listed routes, but for those that expected.json singles out."""
        tracker = self.expected["tracker"]
        with (ROOT / tracker["file"]).open(newline="") as file:
            rows = {row["route_id"]: row for row in csv.DictReader(file)}
        special = {row["route_id"]: row for row in tracker["unresolved"] + tracker["stale"]}
        if len(rows) != tracker["rows"]:
            self.problem("tracker", f"has {len(rows)} rows")
        for route_id, row in rows.items():
            pair = row["method"], row["path_template"]
            if route_id in special:
                wanted = special[route_id]["method"], special[route_id]["path_template"]
                if pair != wanted or pair in self.routes:
                    self.problem("tracker", f"{route_id} is {pair}")
            elif pair not in self.routes or self.routes[pair]["route_id"] != route_id:
                self.problem("tracker", f"{route_id} names {pair}")
        without = {pair for pair, route in self.routes.items() if route["route_id"] is None}
        if without != {self.key(route) for route in tracker["without_row"]}:
            self.problem("tracker", f"the routes without a row are {sorted(without)}")
        for row in tracker["unresolved"]:
            for rule in row["rules"]:
                if self.routes[row["method"], rule]["route_id"] != row["route_id"]:
                    self.problem("tracker", f"{row['route_id']} means {rule}")

    def url_map(self, routes):
        framework = {(r["method"], r["rule"]) for r in self.expected["framework_routes"]}
        seen = {}
        for route in routes:
            if (route["method"], route["rule"]) not in framework:
                seen[self.key(route)] = route
        for pair in sorted(set(seen) - set(self.routes)):
            self.problem("routes", f"{pair} is served and not listed")
        for pair in sorted(set(self.routes) - set(seen)):
            self.problem("routes", f"{pair} is listed and not served")
        for pair in sorted(set(seen) & set(self.routes)):
            want = self.routes[pair]
            endpoint = want.get("runtime", want)["endpoint"]
            if (seen[pair]["endpoint"], seen[pair]["handler"]) != (endpoint, want["handler"]):
                self.problem("routes", f"{pair} is served by {seen[pair]}")
        for absent in self.expected["absent_routes"]:
            if self.key(absent) in seen:
                self.problem("absent_routes", f"{self.key(absent)} is served")

    def coverage(self, answers):
        asked = {self.key(answer) for answer in answers if answer["rule"]}
        for pair in sorted(set(self.routes) - asked):
            self.problem("requests", f"no request for {pair}")
        for answer in answers:
            if answer["status"] >= 500 or answer["status"] in (404, 405):
                self.problem("requests", f"{answer}")

    def queues(self, queues):
        want = [
            {key: queue[key] for key in ("name", "variable", "has_namespace")}
            for queue in self.expected["queues"]
        ]
        if sorted(want, key=str) != sorted(queues, key=str):
            self.problem("queues", f"the application has {queues}")

    def body_keys(self, observed):
        for queue in self.expected["queues"]:
            bodies = [set(o["body_keys"]) for o in observed if o["queue"] == queue["name"]]
            if not bodies:
                self.problem("queues", f"nothing was put on {queue['name']}")
                continue
            always = set.intersection(*bodies)
            sometimes = set.union(*bodies) - always
            if queue["body_keys"] != {"always": sorted(always), "sometimes": sorted(sometimes)}:
                self.problem("queues", f"{queue['name']} has keys {always} and {sometimes}")

    def observations(self, where, observed):
        """Everything that was seen is an edge, and by the way that is listed for it."""
        for entry in observed:
            triple = self.triple(entry)
            edge = self.edges.get(triple)
            if edge is None:
                self.problem(where, f"{triple} was seen at {entry['producer']} and is no edge")
                continue
            if entry["producer"] != edge["producer"]:
                self.problem(where, f"{triple} was put by {entry['producer']}")
            chain = [self.routes[triple[:2]]["handler"]["symbol"], *entry["stack"]]
            if where == "base" and not in_order(edge["via"], chain):
                self.problem(where, f"{triple} came by {chain}")
            if triple in self.non_edges:
                self.problem(where, f"{triple} is a non-edge and was seen")

    def gate(self, gate, result):
        """With one gate shut, exactly the edges that name it are gone."""
        seen = {self.triple(entry) for entry in result["observed"]}
        for triple, edge in self.edges.items():
            gated = gate in edge["gates"] + edge.get("value_gates", [])
            if gated == (triple in seen):
                self.problem(f"shut {gate}", f"{triple} was{'' if gated else ' not'} seen")
        refused = {pair for pair, route in self.routes.items() if gate in route["gates"]}
        served = {self.key(a) for a in result["answers"] if a["status"] != 404}
        for pair in self.routes:
            if (pair in refused) == (pair in served):
                self.problem(f"shut {gate}", f"{pair} was{'' if pair in served else ' not'} served")


def check(quick):
    expected = json.loads(EXPECTED.read_text())
    checker = Check(expected)
    checker.lists()
    checker.tracker()

    base = run({})
    checker.url_map(base["routes"])
    checker.queues(base["queues"])
    checker.coverage(base["answers"])
    checker.body_keys(base["observed"])
    checker.observations("base", base["observed"])
    seen = {checker.triple(entry) for entry in base["observed"]}
    for triple in sorted(set(checker.edges) - seen):
        checker.problem("base", f"the edge {triple} was not seen")

    gates = {} if quick else CLOSED_BY
    for gate, settings in gates.items():
        result = run(settings)
        checker.observations(f"shut {gate}", result["observed"])
        checker.gate(gate, result)
    neutral = [] if quick else NEUTRAL_SETTINGS
    for settings in neutral:
        result = run(settings)
        checker.observations(f"under {settings}", result["observed"])
        missed = set(checker.edges) - {checker.triple(entry) for entry in result["observed"]}
        for triple in sorted(missed):
            checker.problem(f"under {settings}", f"the edge {triple} was not seen")

    shown = {}
    for entry in base["observed"]:
        shown[json.dumps([*checker.triple(entry), entry["producer"]])] = {
            "method": entry["method"],
            "rule": entry["rule"],
            "queue": entry["queue"],
            "producer": entry["producer"],
        }
    print(json.dumps([shown[key] for key in sorted(shown)], indent=1))
    for text in checker.problems:
        print(text, file=sys.stderr)
    print(
        f"{len(expected['routes'])} routes, {len(expected['edges'])} edges, "
        f"{len(expected['non_edges'])} non-edges, {len(expected['queues'])} queues, "
        f"{1 + len(gates) + len(neutral)} runs: "
        f"{len(checker.problems)} problems",
        file=sys.stderr,
    )
    return 1 if checker.problems else 0


def main(arguments):
    if arguments[:1] == ["--observe"]:
        print(json.dumps(observe(json.loads(arguments[1]))))
        return 0
    if arguments == ["--routes"]:
        print(json.dumps(routes_of(load_application(BASE_SETTINGS).app), indent=1))
        return 0
    if arguments not in ([], ["--quick"]):
        print(__doc__, file=sys.stderr)
        return 2
    return check(quick=bool(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
