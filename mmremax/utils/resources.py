"""Where the configs, the tools and the pins of the stack lie."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def resource_root() -> Path:
    """Return the checkout, or ``.mim`` of a package installed by a wheel."""
    checkout = PACKAGE.parent
    if (checkout / 'model-index.yml').is_file():
        return checkout
    return PACKAGE / '.mim'
