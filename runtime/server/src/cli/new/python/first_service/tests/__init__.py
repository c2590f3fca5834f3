"""Tests of the package. They are not loaded when it is deployed."""
