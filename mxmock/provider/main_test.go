package provider

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "write the generated table in doc.go anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
