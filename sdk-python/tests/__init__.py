"""Tests that run under CPython, without the interpreter."""
