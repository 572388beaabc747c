"""magento-scim: a SCIM 2.0 service that stands beside a Magento 2 shop and writes customers into its database.

The map of the code, in the order a request meets it:

    config.py       the environment and Magento's own env.php, read once      (envphp.py: that file, without PHP)
    service.py      what a process holds between requests
    auth.py         bearer token -> caller          (jwts.py: JSON Web Tokens; rates.py: how often a token may ask)
    endpoints.py    the URL table
    openapi.py      the URL table and the schemas as OpenAPI 3.1
    scim/           the protocol: attributes, schemas, paths, filters, patch, messages, discovery, profiles
    mapping/        the bridge: mapping.yaml (yamlfile, reader, rules, extension), both directions (converters, choices,
                    projection), SCIM filters as SQL (conditions, of clauses, comparisons and columns; by an index:
                    candidates), lists (search, sort_orders; ordering where SQL cannot), and the request's work: users
                    and groups, how they stand (standing; group_standing), in whose turn (turns), who is meant
                    (matching), what a document comes to (wanted; for addresses: addresses, books, addressing), who is
                    in a group (group_members; changed by enrolment) and what that means for a customer (following;
                    grouping for who is in none), who goes out (leaving, deletion, permits; afterwards, sweep, ways for
                    the operator), the one transaction (writes; of many newcomers at once: crowds), what it will ask
                    (foresight) and leaves behind (afterimage); and before a mapping is in force: its tests (examples),
                    a request tried (trial), another file run over everybody (rollout), a first file (draft), what is
                    believed (beliefs), editors (fileschema)
    magento/        the shop: database, catalog (and what is protected), settings, features of its release, customers,
                    addresses (places, countries), one value's form and rules (values, validators, options, emails),
                    newsletter, passwords, doors (guard, ways, blocking, anonymity), aftermath; what is to be written is
                    planned first (plans, changes)
    ledger/         our own tables: links with documents, claims, labels, tokens, counters, their migrations
    jsontext/       JSON written quickly
    sql/            the way to the database: several statements in one message (sending), read quickly (wire), the
                    long ones kept prepared by the server (keeping)
    watch.py        mapping.yaml while the service runs
    replica.py      the read replica: may it answer this caller?
    observer.py     what requests tell of their identity provider: recorded, counted, by a thread
    doctor.py       is this installation well? (granting.py: which privileges it needs)
    health.py       /healthz, /readyz, /metrics (metrics.py); logs.py: a line of JSON for each request
    editor.py       /scim/mapping.schema.json
    errors.py       every exception -> SCIM error document
    answers.py      the one way an answer is written
    cli.py          the operator's commands, a family each in commands/
    idp/            identity providers as clients: what to fill in on their screens, and their requests, as data
                    (providers/*.yaml), and the engine that plays them over HTTP
    sandbox/        a throw-away shop for `make run` and the tests

scim/ and magento/ never import each other; only mapping/ knows both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import flask

    from app import config


def create_app(settings: config.Config | None = None) -> flask.Flask:
    """Wire the service together.

    `settings` is read from the environment where it is not given. Raises config.Refused, with a sentence that says
    what to do, where the shop, our tables or the mapping cannot be used.
    """
    # Imported here, so that a room can be used, and tested, without the others.
    import flask
    from werkzeug.middleware import proxy_fix

    from app import config, editor, endpoints, errors, health, service, urls

    settings = settings or config.read()
    app = flask.Flask("magento-scim", static_folder=None)
    app.extensions["magento-scim"] = service.start(settings)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body
    app.url_map.strict_slashes = False
    app.url_map.converters["default"] = urls.Name
    app.wsgi_app = urls.Tidy(app.wsgi_app)  # type: ignore[method-assign]
    if settings.proxies:
        trusted = settings.proxies
        app.wsgi_app = proxy_fix.ProxyFix(app.wsgi_app, trusted, trusted)  # type: ignore[method-assign]
    app.register_blueprint(health.blueprint)
    app.register_blueprint(editor.blueprint)
    app.register_blueprint(endpoints.blueprint, url_prefix=service.PATH)
    app.register_blueprint(endpoints.blueprint, url_prefix=service.path("<tenant>"), name="tenant")
    errors.register(app)
    return app
