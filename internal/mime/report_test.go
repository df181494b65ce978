package mime

// Reports that are made to take much memory.

import (
	"runtime"
	"strings"
	"testing"
)

// TestReportGrowth shows that a report of twice the size takes about twice the memory.
func TestReportGrowth(t *testing.T) {
	for name, report := range map[string]func(n int) string{
		"a long name of the server": func(n int) string {
			return "Reporting-MTA: utf-8; " + strings.Repeat("x", 8*n) + "\n\n" + strings.Repeat("Action: x\n\n", n)
		},
		"escapes without end": func(n int) string {
			return "Reporting-MTA: x\n\nFinal-Recipient: utf-8; " + strings.Repeat(`\x{`, n) + "\n\n"
		},
	} {
		allocated := func(n int) uint64 {
			content := []byte(report(n))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ParseReport(content)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		small, large := allocated(4_000), allocated(8_000)
		if large > 3*small+1<<20 {
			t.Errorf("%s: twice the report takes %d bytes of memory instead of %d", name, large, small)
		}
	}
}
