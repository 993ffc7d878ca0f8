"""`jaxercise worker`."""


def worker() -> None:
    """Grade what waits in the queue of a PostgreSQL database, and serve nothing."""
    from app.cli.serving.worker import run_worker
    from app.settings import read_settings

    run_worker(read_settings())
