"""Tallow for Conan 2: the headers, and one component for each of the CMake package's, with the same
target. packaging/README.md says how to use it, and what has been checked of it.
"""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

required_conan_version = ">=2.3"  # the first with test_package_folder

# Name, versions, and the option that goes without it.
LIBRARIES = [
    ("tl-expected", "[>=1.0 <2]", None),
    ("botan", "[>=3.12 <4]", "with_botan"),
    ("zstd", "[>=1.5 <2]", "with_zstd"),
    ("asio", "[>=1.30.2 <2]", "with_asio"),
]

# Lowest first: what each stands on. One whose library is left out does not exist, nor does what
# stands on it.
COMPONENTS = [
    ("core", ["tl-expected::tl-expected"]),
    ("crypto", ["core", "botan::botan"]),
    ("transfer", ["crypto", "zstd::zstd"]),
    ("session", ["transfer"]),
    ("files", ["session"]),
    ("net", ["session", "asio::asio"]),
    ("tallow", ["files", "net"]),
]


class Tallow(ConanFile):
    name = "tallow"
    description = "Files between two people, through a server that learns nothing"
    license = "Apache-2.0"
    topics = ("file-transfer", "encryption", "header-only")

    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {option: [True, False] for _, _, option in LIBRARIES if option}
    default_options = {option: True for _, _, option in LIBRARIES if option}

    exports_sources = "include/*", "LICENSE"
    no_copy_source = True
    test_package_folder = "packaging/conan/test_package"

    def set_version(self):
        text = load(self, os.path.join(self.recipe_folder, "CMakeLists.txt"))
        self.version = re.search(r"^project\(tallow VERSION ([\d.]+)", text, re.M).group(1)

    def configure(self):
        # Each library is for what stands on the one before.
        if not self.options.with_botan:
            self.options.rm_safe("with_zstd")
        if not self.options.get_safe("with_zstd"):
            self.options.rm_safe("with_asio")

    def requirements(self):
        for library, versions in self._libraries():
            self.requires(f"{library}/{versions}", transitive_headers=True)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("Tallow is built and tested on Linux alone")
        if self.settings.get_safe("compiler.cppstd"):
            check_min_cppstd(self, 20)

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"),
             os.path.join(self.package_folder, "include"))

    def package_id(self):
        # All headers are in it, whichever of them a program may use.
        self.info.clear()

    def package_info(self):
        # Conan would call the whole package tallow::tallow, which is the name of a component.
        self.cpp_info.set_property("cmake_target_name", "tallow::package")
        there = {f"{library}::{library}" for library, _ in self._libraries()}
        for name, stands_on in COMPONENTS:
            if not there.issuperset(stands_on):
                continue
            there.add(name)
            # Inside of Conan, too, a component may not have the name of the package.
            component = self.cpp_info.components["umbrella" if name == "tallow" else name]
            component.set_property("cmake_target_name", f"tallow::{name}")
            component.requires = stands_on
            component.bindirs = []
            component.libdirs = []
            if name in ("crypto", "net"):
                component.system_libs = ["pthread"]
            if name == "net":
                component.defines = ["ASIO_STANDALONE"]

    def _libraries(self):
        return [(library, versions) for library, versions, option in LIBRARIES
                if option is None or self.options.get_safe(option)]
