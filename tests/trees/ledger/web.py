from flask import Flask

import features
from config import CONFIG
from views import ledger, sso_back

app = Flask(__name__)
app.register_blueprint(ledger, url_prefix="/ledger")

for service in CONFIG["SSO_SERVICES"]:
    app.add_url_rule("/sso/%s/back" % service.name(), "sso_%s" % service.name(), sso_back, methods=["GET"])
