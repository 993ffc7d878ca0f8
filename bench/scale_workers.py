from bench.scale_postgres import MeasuredServer


def measure_workers(server: MeasuredServer, counts: list[int], jobs: int) -> None:
    raise NotImplementedError
