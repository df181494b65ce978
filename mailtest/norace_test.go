//go:build !race

package mailtest

// See race_test.go.
const RaceEnabled = false
