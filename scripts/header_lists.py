"""The lists of public headers in cmake/headers.cmake, for scripts and tests that read them."""
import re


def headers_by_component(source):
    """The headers of each component, below include/tallow/, both in the order of the file."""
    text = (source / "cmake/headers.cmake").read_text(encoding="utf-8")
    blocks = re.findall(r"set\(tallow_(\w+)_headers\s(.*?)\)", re.sub(r"#.*", "", text), re.DOTALL)
    return {name: block.split() for name, block in blocks}
