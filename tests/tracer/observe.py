"""Runs a program and prints the calls that happened between its functions, as JSON.

    python observe.py ROOT ENTRY.py

Names are those of `producer-map callgraph`: module, dot, qualified name without `<locals>`, lambdas numbered within
their scope, `<builtin>.eval`, `<**PyDict**>.update`. A class body and a comprehension belong to the scope around them.
A call that comes by way of a library counts for the innermost function of the program on the stack. If the entry
makes a Flask application named `app`, every rule of it is requested once with each of its methods.

The output is an object with the keys `edges` (pairs), `by_library` (those of them that came by way of one), `error` (how the program ended, or null), `requests` (a number).
Needs Python 3.11, for `co_qualname`.
"""

import importlib
import io
import json
import os
import signal
import sys
import threading

COMPREHENSIONS = {"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}
TYPES = {"str": "PyStr", "dict": "PyDict", "list": "PyList", "tuple": "PyTuple", "set": "PySet"}


class Observer:
    def __init__(self, root):
        self.root = os.path.realpath(root) + os.sep
        self.files = {}
        self.nodes = {}
        self.edges = set()
        self.by_library = set()

    def module(self, path):
        """The dotted name of a file of the program, or None."""
        if path not in self.files:
            real = os.path.realpath(path)
            name = None
            if real.startswith(self.root) and real.endswith(".py"):
                parts = real[len(self.root) : -len(".py")].split(os.sep)
                if parts[-1] == "__init__" and len(parts) > 1:
                    parts.pop()
                name = ".".join(parts)
            self.files[path] = name
        return self.files[path]

    def learn(self, code, name, kind):
        """Names the code objects below a module's: what each of them is, and the scope it belongs to."""
        self.nodes[code] = (name, kind)
        inner = [c for c in code.co_consts if hasattr(c, "co_code")]
        inner.sort(key=place)
        lambdas = 0
        for c in inner:
            if c.co_name in COMPREHENSIONS:
                self.learn(c, name, "inline")
            elif c.co_name == "<lambda>":
                lambdas += 1
                self.learn(c, f"{name}.<lambda{lambdas}>", "function")
            elif "__module__" in c.co_names and "__qualname__" in c.co_names and not c.co_flags & 0x1:
                # A class body: fast locals are for functions. Its calls are those of the scope around it.
                self.learn(c, f"{name}.{c.co_name}", "class")
            else:
                self.learn(c, f"{name}.{c.co_name}", "function")

    def node(self, frame):
        """Name and kind of a frame's code; None for code of libraries."""
        code = frame.f_code
        module = self.module(code.co_filename)
        if module is None:
            return None
        if code not in self.nodes and code.co_name == "<module>":
            self.learn(code, module, "module")
        return self.nodes.get(code)

    def caller(self, frame):
        while frame is not None:
            node = self.node(frame)
            if node is not None and node[1] != "class":
                return node[0]
            frame = frame.f_back
        return None

    def profile(self, frame, event, arg):
        if event == "call":
            node = self.node(frame)
            if node is None or node[1] != "function":
                return
            caller, callee = self.caller(frame.f_back), node[0]
        elif event == "c_call":
            node = self.node(frame)
            if node is None:
                return
            caller, callee = self.caller(frame), builtin(arg)
        else:
            return
        if caller is not None and callee is not None:
            self.edges.add((caller, callee))
            if event == "call" and self.node(frame.f_back) is None:
                self.by_library.add((caller, callee))


def place(code):
    start = next(iter(code.co_positions()), (None,) * 4)
    columns = [p[2] for p in code.co_positions() if p[0] == code.co_firstlineno and p[2] is not None]
    return (code.co_firstlineno, min(columns, default=start[2] or 0))


def builtin(function):
    owner = getattr(function, "__self__", None)
    if type(owner).__name__ in TYPES and type(owner).__module__ == "builtins":
        return f"<**{TYPES[type(owner).__name__]}**>.{function.__name__}"
    if getattr(owner, "__name__", None) == "builtins" and not function.__name__.startswith("__"):
        return f"<builtin>.{function.__name__}"
    return None


def request_all(app):
    """Requests every rule of a Flask application; returns how many."""
    client = app.test_client()
    count = 0
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        values = {name: 1 if "Int" in type(c).__name__ else "x" for name, c in rule._converters.items()}
        with app.test_request_context():
            url = rule.build(values)[1]
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            count += 1
            try:
                client.open(url, method=method, json={}).get_data()
            except Exception:
                pass
    return count


def main():
    root, entry = sys.argv[1:]
    observer = Observer(root)
    sys.path.insert(0, root)
    sys.argv = [entry]
    sys.setrecursionlimit(10_000)
    out, sys.stdout = sys.stdout, io.StringIO()
    error, requests = None, 0
    if hasattr(signal, "alarm"):
        signal.alarm(60)
    threading.setprofile(observer.profile)
    sys.setprofile(observer.profile)
    try:
        path = os.path.join(root, entry)
        if entry == "main.py":
            with open(path, encoding="utf-8") as file:
                exec(compile(file.read(), path, "exec"), {"__name__": "__main__", "__file__": path})
        else:
            module = importlib.import_module(entry.removesuffix(".py").replace("/", "."))
            app = getattr(module, "app", None) or getattr(module, "application", None)
            if hasattr(app, "test_client"):
                requests = request_all(app)
    except BaseException as e:
        error = f"{type(e).__name__}: {e}"
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        sys.stdout = out
    edges, by_library = sorted(observer.edges), sorted(observer.by_library)
    json.dump({"edges": edges, "by_library": by_library, "error": error, "requests": requests}, sys.stdout)


if __name__ == "__main__":
    main()
