//go:build !race

package mailtest_test

// See race_test.go.
const raceEnabled = false
