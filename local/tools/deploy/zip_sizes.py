"""Each function's zip as `sam package` makes it: NAME SHA256 SIZE a line, for the folders that are given."""

import hashlib
import os
import sys
import tempfile

from samcli.lib.package.utils import make_zip_with_lambda_permissions

for folder in sys.argv[1:]:
    with tempfile.TemporaryDirectory() as place:
        path = make_zip_with_lambda_permissions(os.path.join(place, "function"), folder)
        with open(path, "rb") as zipped:
            packed = zipped.read()
    print(os.path.basename(folder), hashlib.sha256(packed).hexdigest(), len(packed))
