"""The package of the service first-service.first-service."""
