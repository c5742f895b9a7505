"""The doctor: looks over an installation and says in plain words what is wrong. It changes nothing and calls nobody."""
