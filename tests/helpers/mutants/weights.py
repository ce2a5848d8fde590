"""Weights and configs of others. See mutants/__init__.py."""

TABLE = {
    'mmremax/utils/safe_loading.py': (
        ('test_utils/test_safe_loading.py',),
        ('map_location=map_location, weights_only=True',
         'map_location=map_location, weights_only=False'),
        ('if damaged := records.testzip():', 'if damaged := None:'),
        ("content.get('meta', {}).pop('config', None)", 'pass'),
        ('file_handlers.update(_PLAIN)', 'pass'),
        ('ADDRESS.pattern: load_from_address,', ''),
        ('            if not _num_inside:\n                CheckpointLoader',
         '            if True:\n                CheckpointLoader'),
        ('owner is not HistoryBuffer or', 'False or'),
        ('if not isinstance(value, Tensor) or', 'if'),
    ),
    'mmremax/utils/fetched_weights.py': (
        ('test_utils/test_fetched_weights.py',),
        ('if not found.startswith(expected[1]):', 'if False:'),
        ('    if expected is None:', '    if False:'),
        (r'(?=\d*[a-f])', ''),
    ),
    'mmremax/utils/half_weights.py': (
        ('test_utils/test_half_weights.py',),
        ('hexdigest() != checksum', 'hexdigest() is None'),
        ("if '_base_' in values:", 'if False:'),
        ('for key in OUTPUTS & node.keys():', 'for key in ():'),
        ('COMPONENT.fullmatch(kind', 'COMPONENT.match(kind'),
        ("!= 'dict' or node.args", '== None or node.args'),
    ),
    'mmremax/utils/checkpoint.py': (
        ('test_utils/test_checkpoint.py',),
        ('if not weights.keys() & wanted.keys():', 'if False:'),
        ('if names := wrong_shapes(weights, wanted):', 'if names := []:'),
        ("if not key.endswith('num_batches_tracked')", 'if True'),
        ("removeprefix('module.')", "removeprefix('')"),
    ),
    'mmremax_runtime/images.py': (
        ('test_runtime/test_images.py',),
        ("image.mode.startswith(('I', 'F'))", 'False'),
        ("image.mode.startswith(('I', 'F'))", "image.mode.startswith('I')"),
        ('image.width * image.height > max_pixels', 'False'),
        ("> 1 and image.format != 'MPO'", '> 1'),
        ('    check_jpeg(content, str(source))\n    return', '    return'),
        ("decoder.options['err_detect'] = 'explode'", 'pass'),
        ('step = 1 if', 'step = -1 if'),
        ('ImageOps.exif_transpose(image)', 'image.copy()'),
    ),
    'mmremax_runtime/video.py': (
        ('test_runtime/test_video.py',),
        ("protocol_whitelist='file', format", 'format'),
        (', format_whitelist=CONTAINERS', ''),
    ),
    'mmremax/kmax/data_preprocessor.py': (
        ('test_kmax/test_data_preprocessor.py',),
        ('image.flip(0) if self.bgr_to_rgb', 'image if self.bgr_to_rgb'),
        ('self.bgr_to_rgb = bgr_to_rgb', 'self.bgr_to_rgb = False'),
    ),
    'mmremax/utils/tool.py': (
        ('test_utils/test_tool.py',),
        ('    if failed:', '    if False:'),
        ('with safe_loading(), building():', 'with building():'),
    ),
}  # fmt: skip
