//go:build race

package mail

const raced = true // the race detector is on
