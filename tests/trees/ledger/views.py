from flask import Blueprint, abort

import service

ledger = Blueprint("ledger", __name__)

ENTRY_ROUTE = "/entries/<entry_id>"


def logged(view):
    def wrapper(*args, **kwargs):
        return view(*args, **kwargs)

    return wrapper


@ledger.route("/entries", methods=["GET"])
def list_entries():
    return []


@ledger.route(ENTRY_ROUTE, methods=["DELETE"])
@logged
def close_entry(entry_id):
    service.close_all([entry_id])
    return ""


@ledger.route(ENTRY_ROUTE + "/remind", methods=["POST"])
def remind(entry_id):
    service.remind(entry_id)
    return ""


def sso_back():
    abort(404)
