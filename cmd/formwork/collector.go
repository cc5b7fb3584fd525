package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// The collector may let the heap grow by heapRoom before it collects, or by a share of the
// limit of memory where that is less. What a server keeps alive is a few megabytes; with the
// usual goal, twice that, it would collect dozens of times a second under load and mark for
// a third of the time.
const (
	heapRoom      = 64 << 20 // bytes
	heapRoomShare = 0.1
)

// base is what the last collection found, in bytes: the percentage is of its sum.
var base = [...]string{"/gc/heap/live:bytes", "/gc/scan/stack:bytes", "/gc/scan/globals:bytes"}

// giveRoom keeps the goal of the heap at least room above what is alive, until it is stopped. Go
// takes a percentage alone, so that is set anew after each collection. One that GOGC sets stays.
func giveRoom(getenv func(string) string, limit int64) (stop func()) {
	if getenv("GOGC") != "" {
		return func() {}
	}
	room := roomUnder(limit)
	before := 0 // setting it stops the program for a moment, so only what changes is set
	set := func() {
		if percent := percentFor(found(), room); percent < before*9/10 || percent > before*11/10 {
			debug.SetGCPercent(percent)
			before = percent
		}
	}
	set()
	var stopped atomic.Bool
	afterCollections(func() bool {
		if stopped.Load() {
			return false
		}
		set()
		return true
	})
	return func() { stopped.Store(true) }
}

// roomUnder is how far the heap may grow under a limit of memory.
func roomUnder(limit int64) int64 {
	return min(heapRoom, int64(heapRoomShare*float64(limit)))
}

// percentFor is the percentage that lets a heap grow by room, and never less than Go's own.
func percentFor(found, room int64) int {
	const usual = 100
	if found <= 0 {
		return usual
	}
	return max(usual, int(min(room*100/found, math.MaxInt32)))
}

// found is the sum of base.
func found() (bytes int64) {
	samples := make([]metrics.Sample, len(base))
	for i := range base {
		samples[i].Name = base[i]
	}
	metrics.Read(samples)
	for _, s := range samples {
		bytes += int64(s.Value.Uint64())
	}
	return bytes
}

// afterCollections calls f after each collection, one at a time, while it returns true. It
// leaves an object to each collection and is told when that is found dead.
func afterCollections(f func() bool) {
	type sentinel struct{ _ *byte } // with a pointer, so that it is no part of another object
	var leave func()
	leave = func() {
		runtime.AddCleanup(&sentinel{}, func(struct{}) {
			if f() {
				leave()
			}
		}, struct{}{})
	}
	leave()
}
