import inspect

from flask import Flask

import model

app = Flask(__name__)


def members():
    return inspect.getmembers(model)


@app.route("/jobs")
def feeds():
    model.Job().start("x")
    return ""


@app.route("/open")
def left_open():
    members()[0].enqueue("x")
    return ""


@app.route("/near")
def near():
    model.Timer().start("x")
    return ""
