"""Import paths of Zato, for services that were written for it. Everything here is `caisson` under another name."""
