"""Published settings. See mutants/__init__.py."""

TABLE = {
    'configs/_base_/models/kmax_r50.py': (
        ('test_published_settings.py',),
        ('overlap_threshold=0.8', 'overlap_threshold=0.5'),
        ('thing_threshold=0.7', 'thing_threshold=0.5'),
        ('pixel_threshold=0.4', 'pixel_threshold=0.5'),
        ('num_queries=128', 'num_queries=100'),
        ("'PQClassificationLoss', loss_weight=3.0",
         "'PQClassificationLoss', loss_weight=1.0"),
        ("activation='softmax', loss_weight=0.3",
         "activation='softmax', loss_weight=1.0"),
        ("'PQDiceLoss', loss_weight=3.0", "'PQDiceLoss', loss_weight=5.0"),
        ('temperature=0.3', 'temperature=1.0'),
        ('sample_temperature=2.0', 'sample_temperature=1.5'),
        ('drop_path_rate=0.2', 'drop_path_rate=0.0'),
    ),
    'configs/_base_/overlays/remax.py': (
        ('test_published_settings.py',),
        ('loss_weight=0.5', 'loss_weight=1.0'),
        ('num_relaxed=4', 'num_relaxed=6'),
        ("activation='sigmoid', ", ''),
    ),
    'configs/_base_/overlays/remax_mask2former.py': (
        ('test_published_settings.py',),
        ('loss_weight=0.5', 'loss_weight=1.0'),
        ('num_relaxed=4', 'num_relaxed=6'),
    ),
    'configs/_base_/overlays/mp_former.py': (
        ('test_published_settings.py',),
        ('mask_noise_scale=0.2', 'mask_noise_scale=0.4'),
        ('label_noise_ratio=0.2', 'label_noise_ratio=0.0'),
    ),
    'configs/_base_/schedules/kmax_150k.py': (
        ('test_published_settings.py',),
        ('lr=5e-4', 'lr=1e-4'),
        ('weight_decay=0.05', 'weight_decay=0.01'),
        ('backbone=0.1', 'backbone=1.0'),
        ('warmup=5000', 'warmup=500'),
        ('power=0.9', 'power=1.0'),
    ),
}  # fmt: skip
