"""What a config over one of mmseg's needs to find and check our parts."""

custom_imports = dict(imports=['mmremax'], allow_failed_imports=False)
custom_hooks = [dict(type='SoftLabelCheckHook')]
randomness = dict(seed=0)
