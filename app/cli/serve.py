"""`jaxercise serve` and `jaxercise worker`: the two ways to run the service."""

from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes any free one.")] = None,
) -> None:
    """Serve the pages and the API, and grade."""
    from app.cli.serving.service import run_service
    from app.settings import read_settings

    run_service(read_settings(host=host, port=port))


def worker() -> None:
    """Grade what waits in the queue of a PostgreSQL database, and serve nothing."""
    from app.cli.serving.worker import serve_worker
    from app.settings import read_settings

    serve_worker(read_settings())
