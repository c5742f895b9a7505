"""What the operator can ask of the directory and of an area: the words of ``python -m bot directory`` and ``python -m bot area``.

The check of web addresses calls other computers, which nothing in this room does: ``bot.links.command`` carries it out.
"""

import argparse


def add_directory(parser: argparse.ArgumentParser) -> None:
    """Add what ``directory`` can be asked for."""
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check-links", help="ask for every public web address and say what does not work; needs LINK_CHECK=on")
    check.add_argument("--csv", metavar="FILE", help="write all that was found as a sheet for Excel too")
