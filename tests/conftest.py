"""What holds for every test."""

from hypothesis import settings

# a property that takes long on a busy machine is no failure
settings.register_profile("ebbwatch", deadline=None)
settings.load_profile("ebbwatch")
