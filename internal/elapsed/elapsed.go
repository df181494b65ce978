// Package elapsed rounds durations for people who read transcripts and journals.
package elapsed

import "time"

// Round returns d with three significant digits or, from one second on, rounded to hundredths of a second. A second
// is therefore visible even in five hours.
func Round(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for unit < 10*time.Millisecond && d.Abs() >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit)
}
