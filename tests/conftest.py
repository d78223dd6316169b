from hypothesis import settings

# A kernel compiles in the first example that needs it, which no deadline allows for.
settings.register_profile("tests", deadline=None, max_examples=50)
settings.load_profile("tests")
