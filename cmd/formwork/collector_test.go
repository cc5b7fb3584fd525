package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// goal is how large the heap may grow before it is collected, in bytes.
func goal() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// The heap has its room whatever is alive: the percentage follows each collection.
func TestHeapHasRoom(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	unset := func(string) string { return "" }
	stop := giveRoom(unset, math.MaxInt64)
	defer stop()

	kept := make([][]byte, 0, 200)
	for _, megabytes := range []int{0, 100, 200} {
		for len(kept) < megabytes {
			kept = append(kept, make([]byte, 1<<20))
		}
		room := int64(0)
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			runtime.GC()
			alive := found()
			if room = goal() - alive; room >= heapRoom*9/10 && room <= max(heapRoom, alive)*3/2 {
				break
			}
		}
		if alive := found(); room < heapRoom*9/10 || room > max(heapRoom, alive)*3/2 {
			t.Errorf("with %d bytes alive the heap may grow by %d", alive, room)
		}
		runtime.KeepAlive(kept)
	}
}

func TestPercentForRoom(t *testing.T) {
	for _, c := range []struct {
		found, room int64
		want        int
	}{{0, heapRoom, 100}, {1 << 20, 64 << 20, 6400}, {64 << 20, 64 << 20, 100}, {1 << 30, 64 << 20, 100}} {
		if got := percentFor(c.found, c.room); got != c.want {
			t.Errorf("%d%% for %d alive and room of %d, want %d%%", got, c.found, c.room, c.want)
		}
	}
	if small, large := roomUnder(256<<20), roomUnder(math.MaxInt64); small != 256<<20/10 || large != heapRoom {
		t.Errorf("there is room of %d under 256 MiB and of %d under no limit", small, large)
	}
}

// A percentage that GOGC sets stays.
func TestRoomIsNotGivenBesideGOGC(t *testing.T) {
	before := debug.SetGCPercent(37)
	defer debug.SetGCPercent(before)
	giveRoom(func(string) string { return "37" }, math.MaxInt64)()
	if is := debug.SetGCPercent(37); is != 37 {
		t.Errorf("the percentage became %d", is)
	}
}
