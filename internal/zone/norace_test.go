//go:build !race

package zone

// See race_test.go.
const raceEnabled = false
