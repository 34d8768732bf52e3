"""The build backend: that of setuptools, which first compiles the catalogues of words."""

from typing import Any

from catalogues import compile_all
from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403  every hook that is not replaced below


def build_wheel(*args: Any, **kwargs: Any) -> str:
    """A wheel whose words are compiled."""
    compile_all()
    return build_meta.build_wheel(*args, **kwargs)


def build_editable(*args: Any, **kwargs: Any) -> str:
    """An editable install whose words are compiled, as of now."""
    compile_all()
    return build_meta.build_editable(*args, **kwargs)
