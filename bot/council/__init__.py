"""Signing in with the council: who somebody is, by the OpenID Connect provider that the operator named. Nothing is asked without one."""
