"""Where the tests find the checkout that they belong to."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
