package record

import (
	"runtime"
	"testing"
	"time"

	"formwork/engine/catalog"
)

// What is prepared for a snapshot goes when the snapshot does.
func TestPreparedIsLetGo(t *testing.T) {
	var cache preparedCache
	func() {
		s := &catalog.Snapshot{Objects: map[string]*catalog.Object{}}
		if first := cache.of(s); cache.of(s) != first {
			t.Fatal("prepared twice")
		}
		runtime.KeepAlive(s)
	}()
	for range 200 {
		runtime.GC()
		left := 0
		cache.bySnapshot.Range(func(_, _ any) bool { left++; return true })
		if left == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it is still there")
}
