"""The endings of hosts are those that the Public Suffix List has, read without what its package does besides."""

from __future__ import annotations

import subprocess
import sys

from tldextract import TLDExtract

from rules.hosts import ascii_name, is_suffix, open_parents, suffixes


def test_the_endings_are_those_that_the_package_reads_in_its_list() -> None:
    official = TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    whole = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True).tlds
    assert suffixes() == {ascii_name(name) for name in whole if name[0] not in "*!"}
    assert open_parents() == {ascii_name(name[2:]) for name in official if name.startswith("*.")}
    assert not any(is_suffix(ascii_name(name[1:])) for name in official if name.startswith("!"))
    assert {"com", "co.uk", "blogspot.com", "xn--p1ai"} <= suffixes()


def test_nothing_that_speaks_http_is_imported_to_read_them() -> None:
    asked = "import sys, rules.hosts; rules.hosts.suffixes(); print({'requests', 'urllib3'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
