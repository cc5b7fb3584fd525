//go:build !race

package mail

const raced = false // the race detector is on
