#!/usr/bin/env python3
"""The bill of materials of one static file, SPDX 2.3 as JSON: each archive that the linker took
something of, by the linker's own map, and the libraries of headers only; with Debian's package,
source, version and licence. Run by tests/support/release.bash.

    bill.py FILE MAP VERSION SECONDS [SYSTEM]

SECONDS since 1970 is when it was made. SYSTEM is the folder of another architecture's packages.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import uuid

# Libraries that are compiled in from headers alone: no linker knows of them.
HEADERS = ["libasio-dev", "libcli11-dev", "libfmt-dev", "libtomlplusplus-dev", "nlohmann-json3-dev"]

# Debian's source package: the licence of what is linked, by SPDX's names, and the words by which
# its copyright file says so. A package that is not here, or words that are gone, end the release.
LICENCES = {
    "argon2": ("CC0-1.0 OR Apache-2.0", r"License: CC0 or Apache-2\.0"),
    "asio": ("BSL-1.0", r"License: Boost"),
    "cli11": ("BSD-3-Clause", r"License: BSD-3-clause"),
    "fmtlib": ("MIT", r"License: Expat"),
    "gcc-12": ("GPL-3.0-or-later WITH GCC-exception-3.1", r"GCC RUNTIME LIBRARY EXCEPTION"),
    "gcc-12-cross": ("GPL-3.0-or-later WITH GCC-exception-3.1", r"GCC RUNTIME LIBRARY EXCEPTION"),
    "glibc": ("LGPL-2.1-or-later", r"version 2\.1 of the License, or \(at your option\)"),
    "hiredis": ("BSD-3-Clause", r"License: BSD-3-Clause"),
    "libbsd": ("BSD-3-Clause", r"License: BSD-3-clause"),
    "libedit": ("BSD-3-Clause", r"License: BSD-3-clause"),
    "libmd": ("BSD-3-Clause", r"License: BSD-3-clause"),
    "libusrsctp": ("BSD-3-Clause", r"License: BSD-3-clause"),
    "libxcrypt": ("LGPL-2.1-or-later", r"GNU Lesser General Public"),
    "ncurses": ("X11-distribute-modifications-variant", r"License: MIT/X11"),
    "nlohmann-json3": ("MIT", r"License: Expat"),
    "openssl": ("Apache-2.0", r"License: Apache-2\.0"),
    "re2": ("BSD-3-Clause", r"License: BSD-3-google"),
    "sqlite3": ("blessing", r"License: public-domain"),
    "tomlplusplus": ("MIT", r"License:\s+Expat"),
    "utf8proc": ("MIT AND Unicode-DFS-2015", r"License: Expat and Unicode"),
}


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def sha256(path):
    with open(path, "rb") as opened:
        return hashlib.sha256(opened.read()).hexdigest()


class Packages:
    """Debian's packages of this machine, or those that were unpacked into a folder."""

    def __init__(self, system):
        self.system = system

    def query(self, inside, *arguments):
        place = ["--admindir", f"{self.system}/var/lib/dpkg"] if inside else []
        return said("dpkg-query", *place, *arguments)

    def original(self, name):
        """Where Debian has that archive: copies of ours without some tables have its name."""
        gcc = said("g++", f"-print-file-name={name}").strip()
        places = [f"{self.system}/usr/lib/aarch64-linux-gnu/{name}"] if self.system else [gcc]
        for place in places:
            if os.path.isfile(place):
                return os.path.realpath(place)
        sys.exit(f"bill: no package has {name}")

    def owner(self, path):
        """The package of an archive, and whether it is of the other system."""
        inside = bool(self.system) and path.startswith(os.path.realpath(self.system) + "/")
        shown = path[len(os.path.realpath(self.system)):] if inside else path
        return self.query(inside, "-S", shown).split(": ")[0].split(",")[0], inside

    def facts(self, package, inside):
        shown = self.query(inside, "-W", "-f", "${Package}\t${source:Package}\t${source:Version}\t"
                           "${Version}\t${Architecture}\t${Homepage}", package).split("\t")
        return dict(zip(("package", "source", "source_version", "version", "architecture", "home"),
                        shown))

    def licence(self, facts, inside):
        name, words = LICENCES.get(facts["source"]) or sys.exit(
            f"bill: name the licence of {facts['source']} in {__file__}")
        top = self.system if inside else ""
        with open(f"{top}/usr/share/doc/{facts['package']}/copyright", encoding="utf-8",
                  errors="replace") as opened:
            if not re.search(words, opened.read()):
                sys.exit(f"bill: the copyright file of {facts['package']} does not say: {words}")
        return name


def linked_archives(link_map, packages, build):
    """The files of other people's archives of which something was taken."""
    found = set()
    with open(link_map, encoding="utf-8", errors="replace") as opened:
        for path in re.findall(r"(\S+\.a)\(", opened.read()):
            path = os.path.realpath(os.path.join(build, path))
            name = os.path.basename(path)
            if path.startswith(os.path.realpath(build) + "/"):
                if name.startswith("libnetkit_"):
                    continue
                path = packages.original(name)
            found.add(path)
    return sorted(found)


def entry(packages, package, inside, archives):
    facts = packages.facts(package, inside)
    licence = packages.licence(facts, inside)
    what = ", ".join(f"{os.path.basename(each)} SHA256:{sha256(each)}" for each in archives)
    version = urllib.parse.quote(facts["version"], safe=":~")
    purl = f"pkg:deb/debian/{facts['package']}@{version}?arch={facts['architecture']}"
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", facts["package"]),
        "name": facts["package"],
        "versionInfo": facts["version"],
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "homepage": facts["home"].strip() or "NOASSERTION",
        "filesAnalyzed": False,
        "sourceInfo": f"Debian source {facts['source']} {facts['source_version']}; "
                      + (f"linked: {what}" if archives else "compiled in from its headers"),
        "licenseConcluded": licence,
        "licenseDeclared": licence,
        "copyrightText": "NOASSERTION",
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                          "referenceLocator": purl}],
    }


def main():
    binary, link_map, version, seconds = sys.argv[1:5]
    system = sys.argv[5] if len(sys.argv) > 5 else ""
    packages = Packages(system)
    by_package = {(name, bool(system)): [] for name in HEADERS}
    for archive in linked_archives(link_map, packages, os.path.dirname(link_map)):
        by_package.setdefault(packages.owner(archive), []).append(archive)
    entries = [entry(packages, *key, archives) for key, archives in sorted(by_package.items())]
    checksum = sha256(binary)
    name = os.path.basename(binary)
    ours = {
        "SPDXID": "SPDXRef-netkit", "name": "netkit", "versionInfo": version,
        "packageFileName": name, "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
        "checksums": [{"algorithm": "SHA256", "checksumValue": checksum}],
        "licenseConcluded": "MIT", "licenseDeclared": "MIT", "copyrightText": "NOASSERTION",
    }
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-netkit")]
    relations += [("SPDXRef-netkit", "STATIC_LINK", each["SPDXID"]) for each in entries]
    json.dump({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": name, "documentNamespace": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, checksum)}",
        "creationInfo": {
            "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(seconds))),
            "creators": ["Tool: netkit-release"],
        },
        "packages": [ours] + entries,
        "relationships": [{"spdxElementId": left, "relationshipType": kind,
                           "relatedSpdxElement": right} for left, kind, right in relations],
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
