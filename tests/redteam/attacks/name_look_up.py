# Name look-up.
# expected: sandbox_violation
import urllib.request
urllib.request.urlopen('http://example.org')
