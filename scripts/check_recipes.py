#!/usr/bin/env python3
"""Compares the recipes for Conan and vcpkg with the CMake package that they are for.

    scripts/check_recipes.py [SOURCE_FOLDER]

Neither Conan nor vcpkg is used: conanfile.py and portfile.cmake run with stand-ins of their
functions, tests/packaging/stubs. They must agree with CMakeLists.txt and cmake/ about the version,
the components, what each stands on, the libraries, how old these may be, and the options.
"""
import ast
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/packaging/stubs"))

import conan_stub  # noqa: E402
from header_lists import headers_by_component  # noqa: E402

STUBS = pathlib.Path(conan_stub.__file__).parent
CONAN = "conanfile.py"
CONAN_TEST = "packaging/conan/test_package/conanfile.py"
OWN_MANIFEST = "vcpkg.json"
PORT = "packaging/vcpkg/tallow"

# What a component NEEDS in CMake: the target there, the name with Conan and vcpkg, the option of
# the Conan recipe, the feature of vcpkg.
LIBRARIES = {
    "tl-expected": ("tl::expected", "tl-expected", None, None),
    "TallowBotan": ("tallow::botan", "botan", "with_botan", "botan"),
    "TallowZstd": ("tallow::zstd", "zstd", "with_zstd", "zstd"),
    "TallowAsio": ("tallow::asio", "asio", "with_asio", "net"),
}
TESTS_FEATURE = "tests"
PORT_HELPERS = {"vcpkg-cmake", "vcpkg-cmake-config"}

MANIFEST_KEYS = set("""name version version-semver port-version description homepage documentation
    license maintainers supports dependencies default-features features builtin-baseline overrides
    $schema $comment""".split())
FEATURE_KEYS = {"description", "dependencies", "supports", "license"}
DEPENDENCY_KEYS = {"name", "default-features", "features", "host", "platform", "version>="}


class Package:
    """What the CMake files say."""

    def __init__(self, source):
        def read(name):
            return re.sub(r"#.*", "", (source / name).read_text(encoding="utf-8"))

        lists, main = read("cmake/headers.cmake"), read("CMakeLists.txt")
        self.version = re.search(r"project\(tallow VERSION ([\d.]+)", main).group(1)
        self.names = re.search(r"set\(tallow_components ([^)]*)\)", lists).group(1).split()
        of_component = headers_by_component(source)
        self.headers = [header for name in self.names for header in of_component[name]]
        calls = re.findall(r"tallow_component\((\w+)\s+(?:NEEDS (\S+)\s+)?LINKS ([^)]*)\)", main)
        self.needs = {name: needs for name, needs, _ in calls}
        self.links = {name: links.split() for name, _, links in calls}
        everything = main + "".join(read(f"cmake/{path.name}")
                                    for path in (source / "cmake").glob("*.cmake"))
        self.options = set(re.findall(r"option\((TALLOW_\w+)", everything) +
                           re.findall(r"set\((TALLOW_\w+) [^)]*CACHE STRING", everything))
        self.build_options = {name for name in self.options if name.startswith("TALLOW_BUILD_")}
        self.oldest = {}
        for needs in set(self.needs.values()) - {"", "tl-expected"}:
            found = re.findall(r"(?:FIND_VERSION|VERSION_LESS|find_package\(\w+) (\d+(?:\.\d+)+)",
                               read(f"cmake/Find{needs}.cmake"))
            self.oldest[needs] = found[0]

    def components_with(self, on):
        """The components there are when the libraries that have an option are those in `on`."""
        there = []
        for name in self.names:
            below = [link.removeprefix("tallow::") for link in self.links[name]]
            needs = self.needs[name]
            if needs and LIBRARIES[needs][2] is not None and needs not in on:
                continue
            if all(other in there for other in below if other in self.names):
                there.append(name)
        return there


def check_tables(package):
    problems = []
    if list(package.links) != package.names:
        problems.append("CMakeLists.txt: other components than cmake/headers.cmake has")
    for name, needs in package.needs.items():
        if needs and needs not in LIBRARIES:
            problems.append(f"CMakeLists.txt: {name} needs {needs}, which no recipe knows")
    return problems


# ---- Conan -----------------------------------------------------------------------------------

def conan_links(recipe):
    """Of each component's target: those of what it requires."""
    target_of = {key: component.properties.get("cmake_target_name")
                 for key, component in recipe.cpp_info.components.items()}
    whole = {f"{name}::{name}": target for target, name, _, _ in LIBRARIES.values()}
    return {target_of[key]: [target_of.get(other) or whole.get(other, other)
                             for other in component.requires]
            for key, component in recipe.cpp_info.components.items()}


def check_conan_options(package, path, on):
    """The recipe with the libraries in `on`, compared with the components that CMake would make."""
    options = {option: needs in on for needs, (_, _, option, _) in LIBRARIES.items() if option}
    said = "".join(f" -o {name}={value}" for name, value in options.items())
    try:
        recipe = conan_stub.resolve(path, options)
    except conan_stub.Mistake as error:
        return [f"{CONAN}{said}: {error}"]
    problems = []

    there = package.components_with(on)
    expected = {f"tallow::{name}": package.links[name] for name in there}
    links = conan_links(recipe)
    for target in sorted(set(expected) - set(links)):
        problems.append(f"no component has the target {target}")
    for target in sorted(str(target) for target in set(links) - set(expected)):
        problems.append(f"a component has the target {target}, which CMake has not")
    for target in sorted(set(expected) & set(links)):
        if sorted(links[target]) != sorted(expected[target]):
            problems.append(f"{target} requires {links[target]}, CMake says {expected[target]}")
    if recipe.cpp_info.properties.get("cmake_target_name", "tallow::tallow") in links:
        problems.append("the whole package has the target of a component")
    for key, component in recipe.cpp_info.components.items():
        if component.bindirs or component.libdirs or component.libs:
            problems.append(f"component {key}: headers have no folders of programs and libraries")

    needed = sorted(LIBRARIES[package.needs[name]][1] for name in there if package.needs[name])
    required = sorted(reference.split("/")[0] for reference, _ in recipe.required)
    if required != needed:
        problems.append(f"requires {required}, CMake needs {needed}")
    for reference, traits in recipe.required:
        if traits != {"transitive_headers": True}:
            problems.append(f"{reference}: its headers are part of ours, and so transitive_headers")
    return [f"{CONAN}{said}: {problem}" for problem in problems]


def check_conan_recipe(package, source, path):
    recipe = conan_stub.resolve(path)
    problems = []
    if recipe.version != package.version:
        problems.append(f"version {recipe.version}, CMakeLists.txt says {package.version}")
    for name, value in [("name", "tallow"), ("package_type", "header-library"),
                        ("license", "Apache-2.0"), ("no_copy_source", True)]:
        if getattr(recipe, name, None) != value:
            problems.append(f"{name} is not {value}")
    if not recipe.info.cleared:
        problems.append("package_id() does not clear what makes no difference to headers")
    if recipe.cppstd_min != 20:
        problems.append("validate() does not ask for C++20")
    try:
        conan_stub.resolve(path, settings={"os": "Windows"})
        problems.append("validate() accepts a system that nothing was tested on")
    except conan_stub.InvalidConfiguration:
        pass
    if (source / recipe.test_package_folder / CONAN) != source / CONAN_TEST:
        problems.append(f"test_package_folder is not where {CONAN_TEST} lies")
    for reference, _ in recipe.required:
        name, oldest = re.match(r"([\w-]+)/\[>=([\d.]+) <\d+\]$", reference).groups()
        needs = next(needs for needs, library in LIBRARIES.items() if library[1] == name)
        if oldest != package.oldest.get(needs, oldest):
            problems.append(f"{name} from {oldest}, CMake needs {package.oldest[needs]}")
    with tempfile.TemporaryDirectory() as folder:
        made = conan_stub.package(recipe, source, folder)
        files = {file.relative_to(made).as_posix() for file in made.rglob("*") if file.is_file()}
    expected = {f"include/tallow/{header}" for header in package.headers} | {"licenses/LICENSE"}
    problems += [f"package() leaves out {name}" for name in sorted(expected - files)]
    problems += [f"package() takes {name}" for name in sorted(files - expected)]
    return [f"{CONAN}: {problem}" for problem in problems]


def check_conan_test(path):
    recipe = conan_stub.start(path)
    recipe.tested_reference_str = "tallow/1.2.3"
    for method in ["requirements", "layout", "build", "test"]:
        getattr(recipe, method)()
    if [reference for reference, _ in recipe.required] != ["tallow/1.2.3"]:
        return [f"{CONAN_TEST}: does not require what it is to test"]
    if recipe.ran[:2] != ["configure", "build"] or len(recipe.ran) != 3:
        return [f"{CONAN_TEST}: does not configure, build and run"]
    return []


def check_conan(package, source):
    for name in (CONAN, CONAN_TEST):
        try:
            ast.parse((source / name).read_text(encoding="utf-8"))
        except SyntaxError as error:
            return [f"{name}:{error.lineno}: {error.msg}"]
    optional = [needs for needs, library in LIBRARIES.items() if library[2]]
    problems = []
    try:
        for count in range(len(optional) + 1):
            for on in itertools.combinations(optional, count):
                problems += check_conan_options(package, source / CONAN, on)
        return (problems or check_conan_recipe(package, source, source / CONAN)
                + check_conan_test(source / CONAN_TEST))
    except Exception as error:  # whatever a recipe may do wrong when it runs
        return [f"{CONAN}: {type(error).__name__}: {error}"]


# ---- vcpkg -----------------------------------------------------------------------------------

def dependencies_of(entry):
    """Pairs of a name and the features asked of it."""
    return [(each, []) if isinstance(each, str) else (each["name"], each.get("features", []))
            for each in entry.get("dependencies", [])]


def features_with(manifest, feature):
    """A feature and those below it, which it asks of the package itself."""
    found = [feature]
    for name, features in dependencies_of(manifest["features"][feature]):
        if name == manifest["name"]:
            for other in features:
                found += features_with(manifest, other)
    return found


def check_keys(manifest):
    problems = [f"unknown key {key}" for key in manifest if key not in MANIFEST_KEYS]
    for name, feature in [("", manifest), *manifest.get("features", {}).items()]:
        if name:
            problems += [f"feature {name}: unknown key {key}" for key in feature
                         if key not in FEATURE_KEYS]
            if not feature.get("description"):
                problems.append(f"feature {name}: no description")
        for each in feature.get("dependencies", []):
            if isinstance(each, dict):
                problems += [f"a dependency has the unknown key {key}" for key in each
                             if key not in DEPENDENCY_KEYS]
    return problems


def check_manifest(package, where, text, extra_features, helpers):
    try:
        manifest = json.loads(text)
    except json.JSONDecodeError as error:
        return [f"{where}:{error.lineno}: {error.msg}"]
    problems = check_keys(manifest)
    if manifest.get("name") != "tallow" or manifest.get("license") != "Apache-2.0":
        problems.append("another name or licence")
    if manifest.get("version") != package.version:
        problems.append(f"version {manifest.get('version')}, CMakeLists.txt says {package.version}")

    needed = {LIBRARIES[needs][3]: LIBRARIES[needs] for needs in package.needs.values() if needs}
    base = [name for name, _ in dependencies_of(manifest)]
    if sorted(base) != sorted([needed[None][1], *helpers]):
        problems.append(f"depends on {base}")
    features = manifest.get("features", {})
    named = {name for name in needed if name} | extra_features
    if set(features) != named:
        return [f"{where}: {problem}" for problem in
                problems + [f"has the features {sorted(features)}, not {sorted(named)}"]]
    if manifest.get("default-features") != ["net"]:
        problems.append("not all components by default")

    for feature in sorted(named - extra_features):
        brought = [name for each in features_with(manifest, feature)
                   for name, _ in dependencies_of(features[each]) if name != "tallow"]
        highest = next(name for name in package.names
                       if package.needs[name] and LIBRARIES[package.needs[name]][3] == feature)
        expected = libraries_below(package, highest)
        if sorted(brought) != sorted(expected):
            problems.append(f"feature {feature} brings {brought}, tallow::{highest} needs {expected}")
    return [f"{where}: {problem}" for problem in problems]


def libraries_below(package, name):
    """The libraries with a feature that a component and those below it need."""
    found = []
    for link in package.links[name]:
        below = link.removeprefix("tallow::")
        if below in package.names:
            found += libraries_below(package, below)
    needs = package.needs[name]
    return found + ([LIBRARIES[needs][1]] if needs and LIBRARIES[needs][3] else [])


def run_port(source, folder, features, really=False, cmake="cmake", cxx="c++"):
    """Runs the portfile with stand-ins: the calls it made, or what went wrong. `features` are those
    asked for; those below come along. With `really`, folder/packages is what was installed.
    """
    manifest = json.loads((source / PORT / "vcpkg.json").read_text(encoding="utf-8"))
    closure = {"core", *(each for name in features for each in features_with(manifest, name))}
    settings = {
        "PORTFILE": source / PORT / "portfile.cmake", "RECORD": folder / "record", "PORT": "tallow",
        "FEATURES": ";".join(sorted(closure)), "CURRENT_PACKAGES_DIR": folder / "packages",
        "CURRENT_BUILDTREES_DIR": folder / "buildtrees", "STUB_RUN": "ON" if really else "OFF",
        "STUB_CXX": cxx,
    }
    (folder / "packages/share/tallow" if not really else folder).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [cmake, *(f"-D{name}={value}" for name, value in settings.items()),
         "-P", str(STUBS / "vcpkg.cmake")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        return None, " ".join(done.stdout.split())
    lines = (folder / "record").read_text(encoding="utf-8").splitlines()
    return {line.split("\t")[0]: line.split("\t")[1:] for line in lines}, done.stdout


def check_port_calls(package, source, calls, features):
    problems = []
    for name, arguments in [("vcpkg_cmake_install", []), ("vcpkg_fixup_pkgconfig", []),
                            ("vcpkg_cmake_config_fixup", ["tallow", "share/cmake/tallow"]),
                            ("vcpkg_install_copyright", [str(source / "LICENSE")])]:
        if calls.get(name) != arguments:
            problems.append(f"{name}: expected {arguments}, called with {calls.get(name)}")
    if "vcpkg_cmake_configure" not in calls:
        return problems + ["vcpkg_cmake_configure is not called"]
    options = dict(re.match(r"-D(\w+)=(.*)", option).groups()
                   for option in calls["vcpkg_cmake_configure"][1:])
    for name in sorted(set(options) - package.options):
        problems.append(f"{name} is no option of CMakeLists.txt")
    for name in sorted(package.build_options):
        if options.get(name) != "OFF":
            problems.append(f"{name} is not OFF")
    if options.get("TALLOW_INSTALL") != "ON":
        problems.append("TALLOW_INSTALL is not ON")
    on = [needs for needs, library in LIBRARIES.items() if library[3] in features]
    expected = package.components_with(on)
    if options.get("TALLOW_COMPONENTS", "").split(";") != expected:
        problems.append(f"TALLOW_COMPONENTS is {options.get('TALLOW_COMPONENTS')}, not {expected}")
    return problems


def check_vcpkg(package, source, cmake):
    problems = check_manifest(package, OWN_MANIFEST, (source / OWN_MANIFEST).read_text("utf-8"),
                              {TESTS_FEATURE}, [])
    problems += check_manifest(package, f"{PORT}/vcpkg.json",
                               (source / PORT / "vcpkg.json").read_text("utf-8"), set(), PORT_HELPERS)
    if problems:
        return problems
    for target in re.findall(r"\btallow::(\w+)", (source / PORT / "usage").read_text("utf-8")):
        if target not in package.names:
            problems.append(f"{PORT}/usage: there is no tallow::{target}")
    manifest = json.loads((source / PORT / "vcpkg.json").read_text("utf-8"))
    for asked in [[], *([name] for name in manifest["features"])]:
        with tempfile.TemporaryDirectory() as folder:
            calls, said = run_port(source, pathlib.Path(folder), asked, cmake=cmake)
        closure = {each for name in asked for each in features_with(manifest, name)}
        found = [said] if calls is None else check_port_calls(package, source, calls, closure)
        problems += [f"{PORT}/portfile.cmake [{','.join(asked)}]: {each}" for each in found]
    return problems


def check(source, cmake="cmake"):
    source = pathlib.Path(source).resolve()
    package = Package(source)
    return (check_tables(package) or
            check_conan(package, source) + check_vcpkg(package, source, cmake))


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent
    found = check(sys.argv[1] if len(sys.argv) > 1 else default)
    print("\n".join(found) if found else "recipes: they agree with CMake; not run by Conan or vcpkg")
    sys.exit(1 if found else 0)
