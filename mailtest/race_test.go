//go:build race

package mailtest_test

// With the race detector the largest tests are made smaller.
const raceEnabled = true
