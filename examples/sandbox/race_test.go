//go:build race

package main

// The race detector is on: what only takes time with it is left to the run without.
const raceDetector = true
