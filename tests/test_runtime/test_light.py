"""The package needs NumPy and Pillow, nothing else, until a model runs."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import pkgutil, sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'torch', 'mmengine', 'mmcv', 'mmdet', 'cv2',
                'scipy', 'pandas', 'matplotlib', 'mmremax', 'rich', 'gradio'}:
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
import mmremax_runtime
for module in pkgutil.walk_packages(mmremax_runtime.__path__,
                                    'mmremax_runtime.'):
    if not module.name.endswith(('__main__', 'page_layout')):
        __import__(module.name)
print('imported')
"""


def test_every_module_imports_without_torch():
    run = subprocess.run(
        [sys.executable, '-c', CODE], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout == 'imported\n', run.stderr
