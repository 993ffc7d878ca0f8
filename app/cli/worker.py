"""`jaxercise worker`."""


def worker() -> None:
    """Grade what waits in the queue of a PostgreSQL database, and serve nothing."""
    from app.cli.serving.worker import serve_worker
    from app.settings import read_settings

    serve_worker(read_settings())
