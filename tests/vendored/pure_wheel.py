"""Makes a wheel without compiled parts of one that has some: `python3 pure_wheel.py WHEEL... FOLDER`.

Only for distributions that have the same in Python and fall back to it, such as MarkupSafe and PyYAML. The sandbox takes
pure wheels only, and these two publish none.
"""
import re
import sys
import zipfile
from pathlib import Path

COMPILED = ('.so', '.pyd', '.dylib', '.dll', '.c', '.pyx', '.h')


def main(wheels: list[str], folder: str) -> None:
    """Writes a pure wheel into the folder for each of the wheels; those that are pure already are copied."""
    for wheel in map(Path, wheels):
        name, version = wheel.name.split('-')[:2]
        pure = wheel.name.endswith('-none-any.whl')
        target = Path(folder) / (wheel.name if pure else f'{name}-{version}-py3-none-any.whl')
        with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED) as new:
            for info in old.infolist():
                content = old.read(info)
                if not pure and info.filename.endswith(COMPILED):
                    continue
                if not pure and info.filename.endswith('.dist-info/WHEEL'):
                    content = re.sub(rb'(?m)^Root-Is-Purelib:.*$', b'Root-Is-Purelib: true', content)
                    content = re.sub(rb'(?m)^Tag:.*\n', b'', content).rstrip() + b'\nTag: py3-none-any\n'
                new.writestr(info.filename, content)


if __name__ == '__main__':
    main(sys.argv[1:-1], sys.argv[-1])
