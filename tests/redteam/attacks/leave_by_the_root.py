# Climbs out with a new root.
# expected: sandbox_violation
import os
os.chroot('/tmp')
