"""The same answer to the same arguments."""

from app.core.probes.probe import About, Probe


class DeterminismProbe(Probe, frozen=True, kw_only=True, tag="determinism"):
    """The same arguments give the same numbers twice, to the last bit."""

    is_called_twice = True
    about = About.ITSELF
    passes_stubs = True
