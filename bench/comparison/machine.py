"""What the numbers were measured on."""
import os
import pathlib
import platform


def _first(path, wanted):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(wanted):
            return line.partition(":")[2].strip()
    return "unknown"


def _file_system(folder):
    """Kind and place of the file system that the folder lies on."""
    folder = os.path.realpath(folder)
    best = ("/", "unknown")
    for line in pathlib.Path("/proc/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        place = place.replace("\\040", " ")
        inside = folder == place or folder.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]


def load():
    return os.getloadavg()[0]


def describe(folder, load_before):
    cores = len(os.sched_getaffinity(0))
    memory_gib = int(_first("/proc/meminfo", "MemTotal").split()[0]) / (1 << 20)
    congestion = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return {
        "processor": f"{_first('/proc/cpuinfo', 'model name')}, {cores} cores",
        "memory": f"{memory_gib:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "congestion control": congestion,
        "files on": _file_system(folder),
        "load before": f"{load_before:.2f}",
    }
