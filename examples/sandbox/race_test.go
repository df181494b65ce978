//go:build race

package main

// The race detector is on, so tests that only take time with it are skipped.
const raceDetector = true
