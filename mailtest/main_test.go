package mailtest_test

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

// large makes those tests large that take most of the time of this package. The script of the CI sets it for them.
var large = flag.Bool("large", false, "decode messages of 50 MiB, send 100,000, and repeat a session 1,000 times")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
