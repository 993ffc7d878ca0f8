"""The points of how the world gets in."""

import ipaddress
from urllib.parse import urlsplit

from app.cli.production.point import Finding, Point, fail, ok, warn
from app.cli.production.situation import Answer, Situation

_OWN_MACHINE = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (looked for, not listened on)
_WIDE_BITS = 16
_FIRST_GUESSES = (
    "password",
    "changeme",
    "jaxercise",
    "12345678",
    "letmein",
    "welcome",
    "sign",
    "code",
    "test",
)


def _mode(here: Situation) -> Finding:
    if here.production_fault:
        return fail(here.production_fault)
    if not here.settings.is_production:
        return fail("JAXERCISE_ENVIRONMENT is development, which starts whatever is set.")
    return ok("JAXERCISE_ENVIRONMENT is production.")


def _public_address(here: Situation) -> Finding:
    if not here.settings.origins:
        return fail("JAXERCISE_PUBLIC_ADDRESSES is not set, so a request for any Host is answered.")
    return ok(f"The service is at {' and '.join(here.settings.origins)}.")


def _https(here: Situation) -> Finding:
    origins = [origin for origin in here.settings.origins if not _is_own_machine(origin)]
    plain = [origin for origin in origins if not origin.startswith("https:")]
    if plain:
        return fail(
            f"{_listed(plain)} is reached without HTTPS: passwords and cookies can be read on the way."
        )
    if not origins:
        return warn("There is no public address to ask, so nothing is known of HTTPS.")
    healths = [found for found in here.answers if found.path == "/healthz" and found.origin in origins]
    if untrusted := [found for found in healths if found.is_untrusted]:
        return fail(f"The certificate of {_named(untrusted)} is refused: {untrusted[0].reason}.")
    if silent := [found for found in healths if found.status is None]:
        return warn(f"{_named(silent)} does not answer from here ({silent[0].reason}), so it was not seen.")
    if wrong := [found for found in healths if found.status != 200]:
        return fail(f"{_named(wrong)} answers {wrong[0].status} for /healthz: this service is not behind it.")
    if bare := [found for found in healths if not found.keeps_https]:
        return warn(f"{_named(bare)} sends no Strict-Transport-Security: a browser may come by http again.")
    return ok(f"{_listed(origins)} answers by HTTPS, with a certificate that is trusted here.")


def _listening(here: Situation) -> Finding:
    host, port = here.settings.host, here.settings.port
    if _is_loopback(host):
        return ok(f"The service listens on {host}, which this machine alone reaches.")
    if here.is_container:
        return warn(
            f"The service listens on {host}:{port} of a container: who reaches it is up to its engine."
        )
    if host in _EVERYWHERE:
        return fail(f"The service listens on {host}:{port}, by http, on every network of this machine.")
    return warn(f"The service listens on {host}:{port}: whoever reaches that needs no proxy.")


def _proxies(here: Situation) -> Finding:
    named = [part.strip() for part in here.settings.trusted_proxies.split(",") if part.strip()]
    if not named:
        return fail(
            "JAXERCISE_TRUSTED_PROXIES is not set: behind a proxy everybody counts as one client, and "
            "nothing says that they came by HTTPS."
        )
    if any(part == "*" or ipaddress.ip_network(part).prefixlen == 0 for part in named):
        found = "JAXERCISE_TRUSTED_PROXIES believes everybody who reaches the port"
        if here.is_container or _is_loopback(here.settings.host):
            return warn(f"{found}, which is right only where nobody but the proxy does.")
        return fail(f"{found}: whoever does can pretend to be any client.")
    networks = [ipaddress.ip_network(part) for part in named]
    if wide := [str(one) for one in networks if one.max_prefixlen - one.prefixlen > _WIDE_BITS]:
        return warn(f"JAXERCISE_TRUSTED_PROXIES believes {_listed(wide)}, more than 65,536 addresses.")
    return ok(f"Forwarded headers are believed of {_listed(named)} alone.")


def _metrics(here: Situation) -> Finding:
    settings = here.settings
    figures = [found for found in here.answers if found.path in ("/metrics", "/readyz")]
    if given := [found for found in figures if found.status == 200 and not _is_own_machine(found.origin)]:
        return fail(f"{given[0].origin}{given[0].path} answers everybody.")
    if settings.metrics_port is not None:
        host = settings.metrics_host or settings.host
        if _is_loopback(host) or not (host in _EVERYWHERE or here.is_container):
            return ok(
                f"/metrics and /readyz are answered at {host}:{settings.metrics_port} and nowhere else."
            )
        return warn(f"/metrics is answered on port {settings.metrics_port} of every network of this machine.")
    asked = [found for found in figures if not _is_own_machine(found.origin)]
    if asked and all(found.status is not None for found in asked):
        return ok(f"{_named(asked)} keeps /metrics and /readyz to itself.")
    return warn("/metrics is on the service's one port, and no proxy was seen to keep it from the world.")


def _sign_up(here: Situation) -> Finding:
    settings = here.settings
    if settings.sign_up == "open":
        return warn("JAXERCISE_SIGN_UP is open: everybody may make accounts, as many as they like.")
    if settings.sign_up == "invitation":
        return ok("Whoever signs up needs an invitation.")
    code = settings.sign_up_code.get_secret_value().lower() if settings.sign_up_code is not None else ""
    if code.isdigit() or len(set(code)) < 5 or any(code.startswith(guess) for guess in _FIRST_GUESSES):
        return fail("JAXERCISE_SIGN_UP_CODE is one that is guessed among the first.")
    return ok("Whoever signs up needs the code, or an invitation.")


def _is_own_machine(origin: str) -> bool:
    name = urlsplit(origin).hostname or ""
    return name in _OWN_MACHINE or name.endswith(".localhost")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(words: list[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _named(answers: list[Answer]) -> str:
    return _listed([found.origin for found in answers])


POINTS = (
    Point(
        id="mode",
        title="Production mode",
        right="`JAXERCISE_ENVIRONMENT` is `production`, and nothing is set that it would refuse.",
        mend="Set JAXERCISE_ENVIRONMENT=production, draw the database's password at random, and leave "
        "JAXERCISE_SANDBOX alone.",
        judge=_mode,
    ),
    Point(
        id="public-address",
        title="The service knows its address",
        right="`JAXERCISE_PUBLIC_ADDRESSES` names every address at which browsers reach the service, and a "
        "request for another `Host` is refused.",
        mend="Set JAXERCISE_PUBLIC_ADDRESSES, as in https://grader.example.org.",
        judge=_public_address,
    ),
    Point(
        id="https",
        title="HTTPS",
        right="Every public address begins with `https://`, answers with a certificate that is trusted, and "
        "sends `Strict-Transport-Security`.",
        mend="Put a proxy that speaks TLS in front, start service and proxy, and ask again from a machine "
        "that reaches the address (docs/operators/proxies.md).",
        judge=_https,
    ),
    Point(
        id="listening",
        title="Nobody but the proxy reaches the service's port",
        right="`JAXERCISE_HOST` is `127.0.0.1` where the proxy is on the same machine, and else an address "
        "that a firewall, or a container's network, keeps for the proxy.",
        mend="Set JAXERCISE_HOST=127.0.0.1, or let nobody but the proxy reach the port.",
        judge=_listening,
    ),
    Point(
        id="proxies",
        title="Forwarded headers are believed of the proxy alone",
        right="`JAXERCISE_TRUSTED_PROXIES` has the proxy's addresses and no others: whoever is named there "
        "may claim to be any client.",
        mend="Set JAXERCISE_TRUSTED_PROXIES to the proxy's address as the service sees it, 127.0.0.1 on the "
        "same machine.",
        judge=_proxies,
    ),
    Point(
        id="metrics",
        title="Metrics are not for the world",
        right="`/metrics` and `/readyz` have a port of their own that the world does not reach, or the proxy "
        "answers 404 in their place.",
        mend="Set JAXERCISE_METRICS_PORT and JAXERCISE_METRICS_HOST=127.0.0.1, or have the proxy keep both "
        "paths to itself (docs/operators/proxies.md).",
        judge=_metrics,
    ),
    Point(
        id="sign-up",
        title="Who may sign up",
        right="`JAXERCISE_SIGN_UP` is `invitation`, or `code` with a code that nobody guesses.",
        mend="Set JAXERCISE_SIGN_UP=invitation and make invitations with `jaxercise users invite`; or draw a "
        "code at random.",
        judge=_sign_up,
    ),
)
