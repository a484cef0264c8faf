"""The size of each function's zip, as `sam package` makes it: NAME SIZE a line, for the folders that are given."""

import io
import os
import sys
import zipfile

for folder in sys.argv[1:]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for root, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(root, name)
                archive.write(path, os.path.relpath(path, folder))
    print(os.path.basename(folder), len(packed.getvalue()))
