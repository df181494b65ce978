//go:build race

package mailtest

// RaceEnabled: with the race detector the largest tests are made smaller.
const RaceEnabled = true
