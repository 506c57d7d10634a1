"""Decision models written as DMN 1.1 to 1.6 XML, read into `models.domain.decisions`."""

from models.dmn.reader import read, survey

__all__ = ["read", "survey"]
