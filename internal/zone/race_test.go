//go:build race

package zone

// With the race detector the largest tests are made smaller.
const raceEnabled = true
