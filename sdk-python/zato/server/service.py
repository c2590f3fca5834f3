"""`Service` under the path from which services of Zato import it."""

from dataclasses import dataclass

from caisson import Service

__all__ = ['Service', 'dataclass']
