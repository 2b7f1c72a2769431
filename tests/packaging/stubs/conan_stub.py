"""Enough of a `conan` package to load a recipe and run its methods. It knows the names that recipes
of ours may use and no others, so that a misspelt one fails here.

What it says of a recipe is what this file knows of Conan 2, and no more than that.
"""
import contextlib
import fnmatch
import importlib.util
import pathlib
import shutil
import sys
import types

RECIPE_ATTRIBUTES = set("""name version description license topics url homepage package_type settings
    options default_options exports exports_sources no_copy_source test_package_folder generators
    test_type user channel author""".split())
RECIPE_METHODS = set("""set_name set_version config_options configure requirements build_requirements
    validate layout generate build package package_info package_id test""".split())
PROPERTIES = {"cmake_file_name", "cmake_target_name", "cmake_find_mode", "pkg_config_name"}


class Mistake(Exception):
    """What Conan would refuse, or would not do."""


class InvalidConfiguration(Exception):
    """The recipe's own refusal."""


class Options:
    def __init__(self, values):
        self.__dict__["values"] = dict(values)

    def __getattr__(self, name):
        if name not in self.values:
            raise Mistake(f"there is no option {name}")
        return self.values[name]

    def get_safe(self, name):
        return self.values.get(name)

    def rm_safe(self, name):
        self.values.pop(name, None)


class Settings:
    os = "Linux"
    arch = "x86_64"
    build_type = "Release"

    def __init__(self, **others):
        self.__dict__.update(others)

    def get_safe(self, name):
        return {"compiler.cppstd": "20", "compiler": "gcc"}.get(name, self.__dict__.get(name))


class CppInfo:
    """One component, or the whole package when it stands alone."""

    FIELDS = {"includedirs": ["include"], "libdirs": ["lib"], "bindirs": ["bin"], "resdirs": [],
              "libs": [], "system_libs": [], "defines": [], "cxxflags": [], "requires": []}

    def __init__(self):
        values = {name: list(value) for name, value in self.FIELDS.items()}
        self.__dict__.update(values, properties={}, components=Components())

    def __setattr__(self, name, value):
        if name not in self.FIELDS:
            raise Mistake(f"cpp_info has no {name}")
        self.__dict__[name] = value

    def set_property(self, name, value):
        if name not in PROPERTIES:
            raise Mistake(f"cpp_info has no property {name}")
        self.properties[name] = value


class Components(dict):
    def __missing__(self, name):
        self[name] = CppInfo()
        return self[name]


class Info:
    cleared = False

    def clear(self):
        self.cleared = True


class ConanFile:
    """The base of recipes; records what they ask for."""

    def requires(self, reference, **traits):
        self.required.append((reference, traits))

    def run(self, command, env=None):
        self.ran.append(command)


class CMake:
    def __init__(self, recipe):
        self.recipe = recipe

    def configure(self):
        self.recipe.ran.append("configure")

    def build(self):
        self.recipe.ran.append("build")


def copy(recipe, pattern, src, dst):
    """As conan.tools.files.copy: what matches below src goes to the same place below dst."""
    copied = []
    for path in sorted(pathlib.Path(src).rglob("*")):
        name = path.relative_to(src).as_posix()
        if path.is_file() and fnmatch.fnmatch(name, pattern):
            target = pathlib.Path(dst) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            copied.append(str(target))
    return copied


def load_text(recipe, path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def check_min_cppstd(recipe, least):
    recipe.cppstd_min = int(least)


def cmake_layout(recipe):
    recipe.cpp = types.SimpleNamespace(build=types.SimpleNamespace(bindir="."))


MODULES = {
    "conan": {"ConanFile": ConanFile},
    "conan.errors": {"ConanInvalidConfiguration": InvalidConfiguration},
    "conan.tools": {},
    "conan.tools.build": {"check_min_cppstd": check_min_cppstd, "can_run": lambda recipe: True},
    "conan.tools.cmake": {"CMake": CMake, "cmake_layout": cmake_layout},
    "conan.tools.files": {"copy": copy, "load": load_text},
}


@contextlib.contextmanager
def stubs_in_place():
    before = {name: sys.modules.get(name) for name in MODULES}
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    for name, members in MODULES.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(members)
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def load_recipe(path):
    """The one recipe of a conanfile.py, with its attributes looked at."""
    with stubs_in_place():
        spec = importlib.util.spec_from_file_location("recipe_under_test", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    recipes = [value for value in vars(module).values()
               if isinstance(value, type) and issubclass(value, ConanFile) and value is not ConanFile]
    if len(recipes) != 1:
        raise Mistake(f"{len(recipes)} recipes in one file")
    known = RECIPE_ATTRIBUTES | RECIPE_METHODS
    for name in vars(recipes[0]):
        if not name.startswith("_") and name not in known:
            raise Mistake(f"a recipe has no {name}")
    return recipes[0]


def start(path, options=None, settings=None):
    """A recipe with options and settings, as it is before any of its methods."""
    kind = load_recipe(path)
    recipe = kind()
    recipe.recipe_folder = str(pathlib.Path(path).parent)
    defaults = dict(getattr(kind, "default_options", {}))
    if set(defaults) != set(getattr(kind, "options", {})):
        raise Mistake("options and default_options have different names")
    for name, value in (options or {}).items():
        if value not in kind.options.get(name, []):
            raise Mistake(f"no option {name} with the value {value}")
    recipe.options = Options({**defaults, **(options or {})})
    recipe.settings = Settings(**(settings or {}))
    recipe.required, recipe.ran, recipe.cppstd_min = [], [], None
    recipe.cpp_info, recipe.info = CppInfo(), Info()
    return recipe


def resolve(path, options=None, settings=None):
    """A recipe after the methods that Conan calls of a package, in their order."""
    recipe = start(path, options, settings)
    for method in ["set_version", "config_options", "configure", "requirements", "validate",
                   "package_id", "package_info"]:
        if hasattr(recipe, method):
            getattr(recipe, method)()
    check_requires(recipe)
    return recipe


def check_requires(recipe):
    """Conan's own rule: components name what there is, and each required package is named."""
    packages = {reference.split("/")[0] for reference, _ in recipe.required}
    named = set()
    for name, component in recipe.cpp_info.components.items():
        for other in component.requires:
            package, _, inner = other.partition("::")
            if not inner and other not in recipe.cpp_info.components:
                raise Mistake(f"component {name} requires {other}, which is no component")
            if inner and package not in packages:
                raise Mistake(f"component {name} requires {other}, which the recipe does not require")
            named.update([package] if inner else [])
    if packages - named:
        raise Mistake(f"no component requires {', '.join(sorted(packages - named))}")


def package(recipe, source, folder):
    """Runs package() as Conan does, from a copy of what the recipe exports."""
    exported = pathlib.Path(folder) / "source"
    for pattern in recipe.exports_sources:
        copy(recipe, pattern, source, exported)
    recipe.source_folder = str(exported)
    recipe.package_folder = str(pathlib.Path(folder) / "package")
    recipe.package()
    return pathlib.Path(recipe.package_folder)
